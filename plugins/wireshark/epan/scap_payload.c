/* Data read from and written to sockets, handed to the dissectors of their ports. */
#include "plugins/wireshark/epan/told.h"

#include <epan/conversation.h>
#include <epan/exceptions.h>
#include <epan/show_exception.h>

static dissector_table_t ports[2]; /* TCP, UDP */
static heur_dissector_list_t guesses[2];

void scap_payload_register(void)
{
	ports[0] = find_dissector_table("tcp.port");
	ports[1] = find_dissector_table("udp.port");
	guesses[0] = find_heur_dissector_list("tcp");
	guesses[1] = find_heur_dissector_list("udp");
}

static bool is_text(const struct value *v, const char *text)
{
	return v->kind == VALUE_TEXT && v->text.len == strlen(text) &&
	       !memcmp(v->text.data, text, v->text.len);
}

static bool is_number(const struct value *v)
{
	return (v->kind == VALUE_INT || v->kind == VALUE_UINT) && v->u <= G_MAXUINT16;
}

/* What other dissectors change of a packet that is not theirs alone. */
struct kept {
	address src, dst, net_src, net_dst;
	port_type ptype;
	guint32 srcport, destport;
	guint16 can_desegment;
};

static void keep(struct kept *k, const packet_info *pinfo)
{
	copy_address_shallow(&k->src, &pinfo->src);
	copy_address_shallow(&k->dst, &pinfo->dst);
	copy_address_shallow(&k->net_src, &pinfo->net_src);
	copy_address_shallow(&k->net_dst, &pinfo->net_dst);
	k->ptype = pinfo->ptype;
	k->srcport = pinfo->srcport;
	k->destport = pinfo->destport;
	k->can_desegment = pinfo->can_desegment;
}

static void restore(const struct kept *k, packet_info *pinfo)
{
	copy_address_shallow(&pinfo->src, &k->src);
	copy_address_shallow(&pinfo->dst, &k->dst);
	copy_address_shallow(&pinfo->net_src, &k->net_src);
	copy_address_shallow(&pinfo->net_dst, &k->net_dst);
	pinfo->ptype = k->ptype;
	pinfo->srcport = k->srcport;
	pinfo->destport = k->destport;
	pinfo->can_desegment = k->can_desegment;
	pinfo->use_conv_addr_port_endpoints = FALSE;
	pinfo->conv_addr_port_endpoints = NULL;
}

/*
 * A conversation of this process's with this fd. The same connection may be seen from its other
 * end, and in packets beside: what dissectors know of one of them must not count for the others.
 */
static void conversation_set(packet_info *pinfo, const struct kept *k, bool udp)
{
	address process = k->src, fd = k->dst;

	conversation_set_conv_addr_port_endpoints(
	    pinfo, &process, &fd, udp ? CONVERSATION_UDP : CONVERSATION_TCP,
	    pinfo->srcport < pinfo->destport ? pinfo->srcport : pinfo->destport,
	    pinfo->srcport < pinfo->destport ? pinfo->destport : pinfo->srcport);
}

/* The ends of the connection, in the direction of these data. */
static void ends_set(packet_info *pinfo, const struct told *told, bool udp)
{
	const struct value *client = &told->picks[TOLD_FD_CIP], *server = &told->picks[TOLD_FD_SIP];
	const bool is_server = told->picks[TOLD_FD_IS_SERVER].b,
		   writes = told->head.traits & EF_WRITES_TO_FD;
	const bool from_server = is_server == writes;
	const struct value *from = from_server ? server : client,
			   *to = from_server ? client : server;
	const int type = from->address_len == 16 ? AT_IPv6 : AT_IPv4;
	guint32 cport = (guint32)told->picks[TOLD_FD_CPORT].u,
		sport = (guint32)told->picks[TOLD_FD_SPORT].u;

	set_address(&pinfo->net_src, type, from->address_len, from->text.data);
	set_address(&pinfo->net_dst, type, to->address_len, to->text.data);
	copy_address_shallow(&pinfo->src, &pinfo->net_src);
	copy_address_shallow(&pinfo->dst, &pinfo->net_dst);
	pinfo->ptype = udp ? PT_UDP : PT_TCP;
	pinfo->srcport = from_server ? sport : cport;
	pinfo->destport = from_server ? cport : sport;
	pinfo->can_desegment = 0;
}

static void hand_over(tvbuff_t *data, packet_info *pinfo, proto_tree *tree, const struct told *told,
		      bool udp)
{
	guint32 sport = (guint32)told->picks[TOLD_FD_SPORT].u,
		cport = (guint32)told->picks[TOLD_FD_CPORT].u;
	heur_dtbl_entry_t *guess;

	TRY
	{
		if (!dissector_try_uint_new(ports[udp], sport, data, pinfo, tree, TRUE, NULL) &&
		    !dissector_try_uint_new(ports[udp], cport, data, pinfo, tree, TRUE, NULL))
			dissector_try_heuristic(guesses[udp], data, pinfo, tree, &guess, NULL);
	}
	CATCH_ALL
	{
		show_exception(data, pinfo, tree, EXCEPT_CODE, GET_MESSAGE);
	}
	ENDTRY;
}

void scap_payload_dissect(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree,
			  const struct told *told)
{
	const struct value *p = told->picks;
	const bool udp = is_text(&p[TOLD_FD_L4PROTO], "udp"),
		   tcp = is_text(&p[TOLD_FD_L4PROTO], "tcp");
	const struct record_param *param;
	struct kept kept;
	tvbuff_t *data;
	gint at, len, whole;

	if (told->data_param < 0 || (!udp && !tcp) || p[TOLD_FD_CIP].kind != VALUE_ADDRESS ||
	    p[TOLD_FD_SIP].kind != VALUE_ADDRESS ||
	    p[TOLD_FD_CIP].address_len != p[TOLD_FD_SIP].address_len ||
	    !is_number(&p[TOLD_FD_CPORT]) || !is_number(&p[TOLD_FD_SPORT]))
		return;
	param = &told->params[told->data_param];
	at = (gint)(param->data - told->bytes);
	len = (gint)param->data_len;
	/* More was read or written than was kept: dissectors say so themselves. */
	whole = told->head.result > len && told->head.result <= (1 << 24) ? (gint)told->head.result
									  : len;
	if (!len)
		return;
	data = tvb_new_child_real_data(tvb, tvb_get_ptr(tvb, at, len), (guint)len, whole);
	add_new_data_source(pinfo, data, "Data of the call");
	keep(&kept, pinfo);
	ends_set(pinfo, told, udp);
	conversation_set(pinfo, &kept, udp);
	/* The line stays the event's. */
	col_set_writable(pinfo->cinfo, -1, FALSE);
	hand_over(data, pinfo, tree, told, udp);
	col_set_writable(pinfo->cinfo, -1, TRUE);
	restore(&kept, pinfo);
}
