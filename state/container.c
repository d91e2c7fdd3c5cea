/*
 * Containers by name: what notes of other capture tools say of them, in JSON:
 * {"container":{"id":"4a26e7f0615e","name":"web","image":"nginx:1.25",...}}, or the inner object alone.
 */
#include "state/apply.h"

#include <stdlib.h>

#define CONTAINERS_MAX 4096 /* far above what one host runs: they are looked through one by one */
#define VALUE_MAX      1024 /* bytes of a name or image; longer ones are cut */
#define ID_LEN_MIN     12   /* characters that tell containers apart, as they are shown */

enum { VALUE_ID, VALUE_NAME, VALUE_IMAGE, N_VALUES };

struct values {
	char at[N_VALUES][VALUE_MAX + 1];
};

static unsigned hex4(const char *p)
{
	unsigned v = 0;

	for (int i = 0; i < 4; i++) {
		char c = p[i];

		v = v << 4 | (unsigned)(c >= '0' && c <= '9'   ? c - '0'
					: c >= 'a' && c <= 'f' ? c - 'a' + 10
					: c >= 'A' && c <= 'F' ? c - 'A' + 10
							       : 0);
		if (!c)
			return 0;
	}
	return v;
}

static void put(char *out, size_t *n, unsigned c)
{
	if (*n + 3 > VALUE_MAX)
		return;
	if (c < 0x80) {
		out[(*n)++] = (char)c;
	} else if (c < 0x800) {
		out[(*n)++] = (char)(0xc0 | c >> 6);
		out[(*n)++] = (char)(0x80 | (c & 0x3f));
	} else {
		out[(*n)++] = (char)(0xe0 | c >> 12);
		out[(*n)++] = (char)(0x80 | (c >> 6 & 0x3f));
		out[(*n)++] = (char)(0x80 | (c & 0x3f));
	}
}

/* p is behind the opening quote; out holds VALUE_MAX + 1 bytes. Returns what is behind the closing one, NULL: none. */
static const char *take_string(const char *p, char *out)
{
	static const char letters[] = "b\bf\fn\nr\rt\t";
	size_t n = 0;

	for (; *p && *p != '"'; p++) {
		const char *letter;

		if (*p != '\\') {
			if (n < VALUE_MAX)
				out[n++] = *p;
			continue;
		}
		if (!*++p)
			return NULL;
		letter = strchr(letters, *p);
		if (*p == 'u') {
			unsigned c = hex4(p + 1);

			/* Half of a pair, or none: such names are not worth more. */
			put(out, &n, c && (c < 0xd800 || c > 0xdfff) ? c : '?');
			for (int i = 0; i < 4 && p[1]; i++)
				p++;
		} else {
			put(out, &n, letter && (letter - letters) % 2 == 0 ? (unsigned char)letter[1]
									    : (unsigned char)*p);
		}
	}
	out[n] = 0;
	return *p ? p + 1 : NULL;
}

static int value_of_key(const char *key)
{
	static const char *const keys[N_VALUES] = {"id", "name", "image"};

	for (int i = 0; i < N_VALUES; i++)
		if (!strcmp(key, keys[i]))
			return i;
	return -1;
}

/* Texts of the container's own object; what lies deeper (mounts, labels, ports) has such keys, too. */
static void read_json(const char *p, struct values *ret)
{
	char text[VALUE_MAX + 1];
	unsigned depth = 0, wanted = 1;
	int value = -1;

	while (p && *p) {
		char c = *p++;

		if (c == '{' || c == '[') {
			depth++;
			value = -1;
		} else if (c == '}' || c == ']') {
			depth -= depth > 0;
		} else if (c == ',') {
			value = -1;
		} else if (c == '"') {
			p = take_string(p, text);
			if (!p)
				break;
			p += strspn(p, " \t\r\n");
			if (value >= 0 && depth == wanted) {
				strcpy(ret->at[value], text);
				value = -1;
			} else if (*p == ':' && depth == 1 && !strcmp(text, "container")) {
				wanted = 2;
			} else if (*p == ':' && depth == wanted) {
				value = value_of_key(text);
			}
		}
	}
}

const struct container_entry *state_container(const struct state *st, struct text id)
{
	const struct store *s = store_of(st);

	for (uint32_t i = 0; i < s->n_containers; i++) {
		struct text have = s->containers[i].id;
		uint32_t len = have.len < id.len ? have.len : id.len;

		if (len >= ID_LEN_MIN ? !memcmp(have.data, id.data, len)
				      : have.len == id.len && !memcmp(have.data, id.data, len))
			return &s->containers[i];
	}
	return NULL;
}

static void set(struct store *s, struct text *at, const char *value)
{
	const char *kept = intern_take(&s->names, value, strlen(value));

	if (at->data)
		intern_drop(&s->names, at->data);
	*at = (struct text){kept, intern_len(kept)};
}

void apply_container(const struct step *x)
{
	struct values v = {0};
	struct store *s = x->s;
	struct container_entry *c;

	read_json(step_text(x, 0), &v);
	if (!v.at[VALUE_ID][0])
		return;
	c = (struct container_entry *)state_container(&s->pub, text_of(v.at[VALUE_ID]));
	if (!c) {
		if (!s->containers)
			s->containers = store_alloc(s, CONTAINERS_MAX * sizeof *c);
		if (!s->containers || s->n_containers == CONTAINERS_MAX) {
			s->n_refused++;
			return;
		}
		c = &s->containers[s->n_containers++];
		*c = (struct container_entry){0};
	}
	set(s, &c->id, v.at[VALUE_ID]);
	set(s, &c->name, v.at[VALUE_NAME]);
	set(s, &c->image, v.at[VALUE_IMAGE]);
}

void containers_clear(struct store *s)
{
	for (uint32_t i = 0; i < s->n_containers; i++) {
		intern_drop(&s->names, s->containers[i].id.data);
		intern_drop(&s->names, s->containers[i].name.data);
		intern_drop(&s->names, s->containers[i].image.data);
	}
	s->n_containers = 0;
	if (s->containers)
		store_release(s, s->containers, CONTAINERS_MAX * sizeof *s->containers);
	s->containers = NULL;
}
