/* Properties of the wire encodings; numbers and sizes as in SPEC.md "Parameter types". */
#include "format/schema.h"

#define TYPE(type, size, traits) [type] = {#type, size, traits}

const struct param_type_info param_types[256] = {
    TYPE(PT_NONE, 0, 0),
    TYPE(PT_INT8, 1, PARAM_SIGNED),
    TYPE(PT_INT16, 2, PARAM_SIGNED),
    TYPE(PT_INT32, 4, PARAM_SIGNED),
    TYPE(PT_INT64, 8, PARAM_SIGNED),
    TYPE(PT_UINT8, 1, 0),
    TYPE(PT_UINT16, 2, 0),
    TYPE(PT_UINT32, 4, 0),
    TYPE(PT_UINT64, 8, 0),
    TYPE(PT_CHARBUF, 0, PARAM_TEXT),
    TYPE(PT_BYTEBUF, 0, 0),
    TYPE(PT_ERRNO, 8, PARAM_SIGNED),
    TYPE(PT_SOCKADDR, 0, 0),
    TYPE(PT_SOCKTUPLE, 0, 0),
    TYPE(PT_FD, 8, PARAM_SIGNED),
    TYPE(PT_PID, 8, PARAM_SIGNED),
    TYPE(PT_FDLIST, 0, 0),
    TYPE(PT_FSPATH, 0, PARAM_TEXT),
    TYPE(PT_SYSCALLID, 2, 0),
    TYPE(PT_SIGTYPE, 1, 0),
    TYPE(PT_RELTIME, 8, 0),
    TYPE(PT_ABSTIME, 8, 0),
    TYPE(PT_PORT, 2, 0),
    TYPE(PT_L4PROTO, 1, 0),
    TYPE(PT_SOCKFAMILY, 1, 0),
    TYPE(PT_BOOL, 4, 0),
    TYPE(PT_IPV4ADDR, 4, 0),
    TYPE(PT_DYN, 0, 0),
    TYPE(PT_FLAGS8, 1, PARAM_FLAGS),
    TYPE(PT_FLAGS16, 2, PARAM_FLAGS),
    TYPE(PT_FLAGS32, 4, PARAM_FLAGS),
    TYPE(PT_UID, 4, 0),
    TYPE(PT_GID, 4, 0),
    TYPE(PT_DOUBLE, 8, 0),
    TYPE(PT_SIGSET, 4, 0),
    /* Pointers in memory of the family's own reader, 8 bytes wherever they show up. */
    TYPE(PT_CHARBUFARRAY, 8, 0),
    TYPE(PT_CHARBUF_PAIR_ARRAY, 8, 0),
    TYPE(PT_IPV4NET, 8, 0),
    TYPE(PT_IPV6ADDR, 16, 0),
    TYPE(PT_IPV6NET, 0, 0),
    TYPE(PT_IPADDR, 0, 0),
    TYPE(PT_IPNET, 0, 0),
    TYPE(PT_MODE, 4, PARAM_FLAGS),
    TYPE(PT_FSRELPATH, 0, PARAM_TEXT),
    TYPE(PT_ENUMFLAGS8, 1, PARAM_FLAGS),
    TYPE(PT_ENUMFLAGS16, 2, PARAM_FLAGS),
    TYPE(PT_ENUMFLAGS32, 4, PARAM_FLAGS),
    TYPE(PT_FD32, 4, PARAM_SIGNED),
    TYPE(PT_PID32, 4, PARAM_SIGNED),
    TYPE(PT_MEMORY, 0, 0),
};

const char *param_type_name(enum param_type type)
{
	return (unsigned)type < PT_MAX ? param_types[type].name : "PT_UNKNOWN";
}
