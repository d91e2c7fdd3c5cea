#include "sinks/json_text.h"
#include "tests/unit/suite.h"

#include <math.h>
#include <stdio.h>

static char *take(struct buffer *b)
{
	buffer_u8(b, 0);
	ck_assert(!buffer_failed(b));
	return (char *)b->data;
}

static void check_string(const char *data, size_t len, const char *want)
{
	struct buffer b = {0};

	json_string(&b, data, len);
	ck_assert_str_eq(take(&b), want);
	buffer_done(&b);
}
#define CHECK_STRING(literal, want) check_string(literal, sizeof literal - 1, want)

START_TEST(strings_are_quoted_and_escaped)
{
	CHECK_STRING("", "\"\"");
	CHECK_STRING("/etc/hosts", "\"/etc/hosts\"");
	CHECK_STRING("a\"b\\c", "\"a\\\"b\\\\c\"");
	CHECK_STRING("\n\t\r\b\f", "\"\\n\\t\\r\\b\\f\"");
	CHECK_STRING("\0\1\x1f\x7f", "\"\\u0000\\u0001\\u001f\\u007f\"");
}
END_TEST

/* Strings are copied eight bytes at a time where that is safe: every byte at every place. */
START_TEST(every_byte_at_every_place)
{
	for (unsigned byte = 0; byte < 256; byte++)
		for (unsigned at = 0; at < 17; at++) {
			char data[18] = "abcdefghijklmnopq", want[64], alone[16];
			struct buffer b = {0};
			char c = (char)byte;

			json_string(&b, &c, 1);
			snprintf(alone, sizeof alone, "%.*s", (int)b.len - 2, (char *)b.data + 1);
			buffer_clear(&b);
			snprintf(want, sizeof want, "\"%.*s%s%s\"", (int)at, data, alone,
				 data + at + 1);
			data[at] = c;
			json_string(&b, data, 17);
			ck_assert_str_eq(take(&b), want);
			buffer_done(&b);
		}
}
END_TEST

START_TEST(utf8_stays_as_it_is)
{
	CHECK_STRING("\xc3\xa4", "\"\xc3\xa4\"");
	CHECK_STRING("\xe2\x82\xac", "\"\xe2\x82\xac\"");
	CHECK_STRING("\xf0\x9f\x98\x80", "\"\xf0\x9f\x98\x80\"");
	CHECK_STRING("\xf4\x8f\xbf\xbf", "\"\xf4\x8f\xbf\xbf\"");
}
END_TEST

/* Every byte that is not UTF-8 comes back from its own escape. */
START_TEST(stray_bytes_become_lone_surrogates)
{
	CHECK_STRING("\xff", "\"\\udcff\"");
	CHECK_STRING("a\x80z", "\"a\\udc80z\"");
	CHECK_STRING("\xc3", "\"\\udcc3\"");                       /* ends early */
	CHECK_STRING("\xe2\x82", "\"\\udce2\\udc82\"");            /* ends early */
	CHECK_STRING("\xc0\xaf", "\"\\udcc0\\udcaf\"");            /* overlong */
	CHECK_STRING("\xe0\x80\xaf", "\"\\udce0\\udc80\\udcaf\""); /* overlong */
	CHECK_STRING("\xed\xb2\x80", "\"\\udced\\udcb2\\udc80\""); /* a surrogate: no UTF-8 */
	CHECK_STRING("\xf4\x90\x80\x80", "\"\\udcf4\\udc90\\udc80\\udc80\""); /* beyond Unicode */
}
END_TEST

START_TEST(base64_of_every_remainder)
{
	static const char *const want[] = {"\"\"", "\"Zg==\"", "\"Zm8=\"", "\"Zm9v\"",
					   "\"Zm9vYg==\""};

	for (size_t len = 0; len < 5; len++) {
		struct buffer b = {0};

		json_base64(&b, (const uint8_t *)"foob", len);
		ck_assert_str_eq(take(&b), want[len]);
		buffer_done(&b);
	}
}
END_TEST

START_TEST(numbers_read_back)
{
	struct buffer b = {0};

	json_unsigned(&b, 0);
	buffer_u8(&b, ' ');
	json_unsigned(&b, UINT64_MAX);
	buffer_u8(&b, ' ');
	json_double(&b, 0.1);
	buffer_u8(&b, ' ');
	json_double(&b, 1e300);
	buffer_u8(&b, ' ');
	json_double(&b, NAN);
	buffer_u8(&b, ' ');
	json_hex(&b, (const uint8_t *)"\x00\xff", 2);
	ck_assert_str_eq(take(&b), "0 18446744073709551615 0.1 1e+300 null \"00ff\"");
	buffer_done(&b);
}
END_TEST

SUITE("json_text", strings_are_quoted_and_escaped, every_byte_at_every_place, utf8_stays_as_it_is,
      stray_bytes_become_lone_surrogates, base64_of_every_remainder, numbers_read_back)
