/* Of epan, what differs from version to version. */
#pragma once
#include "plugins/wireshark/wireshark_version.h"

/* Two names that both sides have. */
#define PT_NONE    WIRESHARK_PT_NONE
#define field_info wireshark_field_info
#include <epan/packet.h>

#include <epan/conversation_table.h>
#include <epan/expert.h>
#include <epan/follow.h>
#include <epan/prefs.h>
#include <epan/proto_data.h>
#include <epan/srt_table.h>
#include <epan/stats_tree.h>
#include <epan/strutil.h>
#include <epan/tap.h>
#undef PT_NONE
#undef field_info

/* Since 4.2 followers also tell how many streams there are, and of streams within a stream. */
#if WIRESHARK_AT_LEAST(4, 2)
#define REGISTER_FOLLOW(proto, tap, conv, index, address, port, handler, count)                    \
	register_follow_stream(proto, tap, conv, index, address, port, handler, count, NULL)
#else
#define REGISTER_FOLLOW(proto, tap, conv, index, address, port, handler, count)                    \
	register_follow_stream(proto, tap, conv, index, address, port, handler)
#endif
