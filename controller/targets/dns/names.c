/* names.c -- the two names that a register lives under. */
#include "targets/dns/names.h"

#include "util/cleanup.h"
#include "util/strbuf.h"
#include "util/text.h"

enum { NAME_MAX_CHARACTERS = 254 }; /* as text with its final dot, RFC 1035 section 2.3.4 */

enum err names_init(const char *name, struct names *ret, struct errmsg *reterr)
{
        CLEANUP(names_clear) struct names names = {0};
        CLEANUP(strbuf_deinit) struct strbuf stamp = STRBUF_INIT(NAME_MAX_CHARACTERS);
        if (text_is_dns_name(name) && strbuf_printf(&stamp, "_planekeeper.%s", name)) {
                names.address = ldns_dname_new_frm_str(name);
                names.stamp = ldns_dname_new_frm_str(strbuf_text(&stamp));
        }
        if (!names.address || !names.stamp)
                return err_set(reterr, ERR_INVALID, "\"%.100s\" is no DNS name with room for _planekeeper. before it",
                               name);
        *ret = names;
        names = (struct names){0};
        return ERR_OK;
}

ldns_rdf *names_alive(const char *name)
{
        CLEANUP(strbuf_deinit) struct strbuf text = STRBUF_INIT(NAME_MAX_CHARACTERS);
        return strbuf_printf(&text, "_planekeeper-alive.%s", name) ? ldns_dname_new_frm_str(strbuf_text(&text)) : NULL;
}

void names_clear(struct names *names)
{
        ldns_rdf_deep_free(names->address);
        ldns_rdf_deep_free(names->stamp);
        *names = (struct names){0};
}
