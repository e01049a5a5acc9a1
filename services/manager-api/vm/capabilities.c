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
