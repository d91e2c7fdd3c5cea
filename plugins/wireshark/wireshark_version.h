/*
 * What differs between the versions of Wireshark that the plugins compile against (written
 * for 4.0, 4.2 to 4.6 as far as their headers tell), and what distributions leave out of their
 * headers. Nothing else here asks for a version.
 */
#pragma once
#include <stdbool.h>

#include <wireshark.h>
#include <ws_version.h>

#define WIRESHARK_AT_LEAST(major, minor)                                                           \
	(WIRESHARK_VERSION_MAJOR > (major) ||                                                      \
	 (WIRESHARK_VERSION_MAJOR == (major) && WIRESHARK_VERSION_MINOR >= (minor)))

/* gboolean became bool. */
#if WIRESHARK_AT_LEAST(4, 3)
typedef bool ws_bool;
#else
typedef gboolean ws_bool;
#endif

/* Since 4.2 a plugin says what it is: bits of plugin_describe(). */
#define PLUGIN_IS_DISSECTOR (1u << 0)
#define PLUGIN_IS_FILE_TYPE (1u << 1)
#define PLUGIN_EXPORT       __attribute__((visibility("default")))

#define PLUGIN_HEAD(kind)                                                                          \
	PLUGIN_EXPORT extern const char plugin_version[];                                          \
	PLUGIN_EXPORT extern const int plugin_want_major, plugin_want_minor;                       \
	PLUGIN_EXPORT void plugin_register(void);                                                  \
	PLUGIN_EXPORT guint32 plugin_describe(void);                                               \
	const char plugin_version[] = SCAPKIT_VERSION;                                             \
	const int plugin_want_major = WIRESHARK_VERSION_MAJOR;                                     \
	const int plugin_want_minor = WIRESHARK_VERSION_MINOR;                                     \
	guint32 plugin_describe(void)                                                              \
	{                                                                                          \
		return kind;                                                                       \
	}
