#include "services/manager-api/vm/capabilities.h"

#include <libxml/parser.h>
#include <libxml/xpath.h>
#include <stdio.h>

static void free_doc(xmlDoc **doc)
{
    xmlFreeDoc(*doc);
}

/* The string value of an XPath expression, cut to size; "" when there is none. */
static void query(struct span xml, const char *expression, char *out, size_t size)
{
    OWNED(free_doc) xmlDoc *doc = NULL;
    xmlXPathContext *context = NULL;
    xmlXPathObject *object = NULL;

    out[0] = '\0';
    if (xml.len == 0 || xml.len > CAPABILITIES_MAX)
        return;
    doc = xmlReadMemory((const char *)xml.data, (int)xml.len, NULL, NULL,
                        XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    context = doc ? xmlXPathNewContext(doc) : NULL;
    object = context ? xmlXPathEvalExpression(BAD_CAST expression, context) : NULL;
    if (object != NULL && object->type == XPATH_STRING && object->stringval != NULL)
        snprintf(out, size, "%s", (const char *)object->stringval);
    xmlXPathFreeObject(object);
    xmlXPathFreeContext(context);
}

void capabilities_read_user(struct span xml, struct vm_hypervisor *ret)
{
    char label[64], end;
    unsigned uid = 0, gid = 0;

    /* "+64055:+64055"; the plus says that a number follows, not a name */
    query(xml, "string(/capabilities/host/secmodel[model='dac']/baselabel[@type='qemu'])", label,
          sizeof(label));
    ret->has_user = sscanf(label, "+%9u:+%9u%c", &uid, &gid, &end) == 2;
    ret->uid = uid;
    ret->gid = gid;
}

void capabilities_read_devices(struct span xml, struct vm_hypervisor *ret)
{
    char supported[16];

    query(xml,
          "string(/domainCapabilities/devices/tpm[@supported='yes']"
          "/enum[@name='backendModel']/value[.='emulator'])",
          supported, sizeof(supported));
    ret->tpm = strcmp(supported, "emulator") == 0;
}

/* libvirt tells of SEV since 4.5 in an element of its own, of all kinds since 10.5 in a list. */
void capabilities_read_protection(struct span xml, struct vm_hypervisor *ret)
{
    static const char *const expressions[TEE_COUNT] = {
        [TEE_SNP] = "string(boolean(//features/launchSecurity[@supported='yes']"
                    "/enum[@name='sectype']/value[.='sev-snp']))",
        [TEE_TDX] = "string(boolean(//features/launchSecurity[@supported='yes']"
                    "/enum[@name='sectype']/value[.='tdx'] | //features/tdx[@supported='yes']))",
        [TEE_SEV] = "string(boolean(//features/sev[@supported='yes']))",
        [TEE_SEV_ES] = "string(boolean(//features/sev[@supported='yes'][maxESGuests > 0]))",
    };
    char said[16];

    for (size_t i = 0; i < TEE_COUNT; i++) {
        query(xml, expressions[i], said, sizeof(said));
        ret->offers[i] = said[0] == '\0' ? TEE_ABSENT : said[0] == 't' ? TEE_ON : TEE_OFF;
    }
}
