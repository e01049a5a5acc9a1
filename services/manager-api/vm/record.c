#include "services/manager-api/vm/record.h"

#include "lib/base/text.h"

#include <libxml/parser.h>
#include <stdio.h>

const char *const vm_phase_names[] = {"making",  "ready",    "stopped", "failed",
                                      "expired", "removing", NULL};
const char *const vm_platform_names[] = {"vm", "snp", "tdx", "sev", "sev-es", NULL};

enum field_type { TYPE_TEXT, TYPE_U16, TYPE_U32, TYPE_I64, TYPE_BOOL, TYPE_ENUM, TYPE_HEX };

struct field {
    const char *key;
    enum field_type type;
    size_t offset;
    size_t size;              /* of the member */
    const char *const *names; /* TYPE_ENUM */
    bool is_late;             /* records of earlier managers lack it: zero */
};

#define FIELD(member, type)                                                                        \
    {                                                                                              \
#member, type, offsetof(struct vm_record, member),                                         \
            sizeof(((struct vm_record *)0)->member), NULL, false                                   \
    }
#define FIELD_LATE(member, type)                                                                   \
    {                                                                                              \
#member, type, offsetof(struct vm_record, member),                                         \
            sizeof(((struct vm_record *)0)->member), NULL, true                                    \
    }
#define FIELD_ENUM(member, names)                                                                  \
    {                                                                                              \
#member, TYPE_ENUM, offsetof(struct vm_record, member),                                    \
            sizeof(((struct vm_record *)0)->member), names, false                                  \
    }

static const struct field fields[] = {
    FIELD(id, TYPE_TEXT),
    FIELD(manager, TYPE_TEXT),
    FIELD(name, TYPE_TEXT),
    FIELD(owner, TYPE_TEXT),
    FIELD(image, TYPE_TEXT),
    FIELD_ENUM(platform, vm_platform_names),
    FIELD_ENUM(phase, vm_phase_names),
    FIELD(cpus, TYPE_U32),
    FIELD(memory_mib, TYPE_U32),
    FIELD(port, TYPE_U16),
    FIELD(debug, TYPE_BOOL),
    FIELD(created_at, TYPE_I64),
    FIELD(expires_at, TYPE_I64),
    FIELD(ended_at, TYPE_I64),
    FIELD(boot_id, TYPE_TEXT),
    FIELD(deadline_ms, TYPE_I64),
    FIELD(failure_kind, TYPE_TEXT),
    FIELD(failure_detail, TYPE_TEXT),
    FIELD(idempotency_key, TYPE_TEXT),
    FIELD(body_sha256, TYPE_TEXT),
    FIELD(nonce, TYPE_HEX),
    FIELD_LATE(grpc_port, TYPE_U16),
    FIELD_LATE(secure_boot, TYPE_BOOL),
    FIELD_LATE(gpus, TYPE_TEXT),
    FIELD_LATE(cvms, TYPE_TEXT),
};

/* --- writing ------------------------------------------------------------- */

static uint64_t number_get(const struct field *field, const void *member)
{
    switch (field->type) {
    case TYPE_U16: return *(const uint16_t *)member;
    case TYPE_U32: return *(const uint32_t *)member;
    case TYPE_BOOL: return *(const bool *)member;
    default: return (uint64_t) * (const int64_t *)member;
    }
}

static void write_field(struct xml *xml, const struct field *field, const void *member)
{
    char text[2 * VM_NONCE_SIZE + 1];

    switch (field->type) {
    case TYPE_TEXT: xml_leaf(xml, field->key, member); return;
    case TYPE_ENUM: xml_leaf(xml, field->key, field->names[*(const int *)member]); return;
    case TYPE_HEX: text_hex(member, field->size, text); break;
    default:
        snprintf(text, sizeof(text), "%llu", (unsigned long long)number_get(field, member));
        break;
    }
    xml_leaf(xml, field->key, text);
}

void vm_record_write(const struct vm_record *record, struct xml *xml)
{
    for (size_t i = 0; i < COUNT_OF(fields); i++)
        write_field(xml, &fields[i], (const char *)record + fields[i].offset);
}

int vm_record_encode(const struct vm_record *record, struct buf *out, struct err *err)
{
    OWNED_XML xml = xml_new();

    xml_open(&xml, "vm");
    vm_record_write(record, &xml);
    xml_close(&xml);
    return xml_finish(&xml, out, err);
}

/* --- reading ------------------------------------------------------------- */

static int read_number(const struct field *field, const char *text, void *member, struct err *err)
{
    static const uint64_t most[] = {
        [TYPE_U16] = UINT16_MAX, [TYPE_U32] = UINT32_MAX, [TYPE_BOOL] = 1, [TYPE_I64] = INT64_MAX};
    uint64_t value = 0;

    if (text_parse_u64(text, most[field->type], &value, err) < 0)
        return -1;
    switch (field->type) {
    case TYPE_U16: *(uint16_t *)member = (uint16_t)value; break;
    case TYPE_U32: *(uint32_t *)member = (uint32_t)value; break;
    case TYPE_BOOL: *(bool *)member = value == 1; break;
    default: *(int64_t *)member = (int64_t)value; break;
    }
    return 0;
}

static int read_enum(const struct field *field, const char *text, void *member, struct err *err)
{
    for (int i = 0; field->names[i] != NULL; i++) {
        if (strcmp(field->names[i], text) == 0) {
            *(int *)member = i;
            return 0;
        }
    }
    return err_set(err, ERR_INPUT, "'%.40s' is not known", text);
}

static int read_field(const struct field *field, const char *text, void *member, struct err *err)
{
    switch (field->type) {
    case TYPE_TEXT:
        if (strlen(text) >= field->size)
            return err_set(err, ERR_INPUT, "longer than %zu bytes", field->size - 1);
        memcpy(member, text, strlen(text) + 1);
        return 0;
    case TYPE_ENUM: return read_enum(field, text, member, err);
    case TYPE_HEX: return text_parse_hex(text, member, field->size, err);
    default: return read_number(field, text, member, err);
    }
}

/* The text of an element that holds nothing else; NULL when it holds something else. */
static const char *leaf_text(const xmlNode *node)
{
    const xmlNode *child = node->children;

    if (child == NULL)
        return "";
    if (child->next != NULL || child->type != XML_TEXT_NODE || child->content == NULL)
        return NULL;
    return (const char *)child->content;
}

static int read_leaf(const xmlNode *node, uint32_t *seen, struct vm_record *record, struct err *err)
{
    const char *name = (const char *)node->name;
    const char *text = leaf_text(node);

    for (size_t i = 0; i < COUNT_OF(fields); i++) {
        if (strcmp(fields[i].key, name) != 0)
            continue;
        if (*seen & (1U << i))
            return err_set(err, ERR_INPUT, "%s: stands there twice", name);
        if (text == NULL)
            return err_set(err, ERR_INPUT, "%s: holds more than text", name);
        if (read_field(&fields[i], text, (char *)record + fields[i].offset, err) < 0)
            return err_wrap(err, "%s", name);
        *seen |= 1U << i;
        return 0;
    }
    return err_set(err, ERR_INPUT, "'%.40s' is not known", name);
}

static int read_vm(const xmlNode *root, struct vm_record *ret, struct err *err)
{
    struct vm_record record = {0};
    uint32_t seen = 0;

    for (const xmlNode *node = root->children; node != NULL; node = node->next) {
        if (node->type == XML_TEXT_NODE && xmlIsBlankNode((xmlNode *)node))
            continue;
        if (node->type != XML_ELEMENT_NODE)
            return err_set(err, ERR_INPUT, "holds more than elements");
        if (read_leaf(node, &seen, &record, err) < 0)
            return -1;
    }
    for (size_t i = 0; i < COUNT_OF(fields); i++)
        if (!(seen & (1U << i)) && !fields[i].is_late)
            return err_set(err, ERR_INPUT, "%s: is missing", fields[i].key);
    *ret = record;
    return 0;
}

static void free_doc(xmlDoc **doc)
{
    xmlFreeDoc(*doc);
}

int vm_record_decode(struct span xml, struct vm_record *ret, struct err *err)
{
    OWNED(free_doc) xmlDoc *doc = NULL;
    const xmlNode *root = NULL;

    if (xml.len == 0 || xml.len > VM_RECORD_MAX)
        return err_set(err, ERR_INPUT, "vm record: %zu bytes", xml.len);
    doc = xmlReadMemory((const char *)xml.data, (int)xml.len, NULL, "UTF-8",
                        XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    root = doc ? xmlDocGetRootElement(doc) : NULL;
    if (root == NULL || xmlGetIntSubset(doc) != NULL)
        return err_set(err, ERR_INPUT, "vm record: is no plain XML");
    if (strcmp((const char *)root->name, "vm") != 0)
        return err_set(err, ERR_INPUT, "vm record: begins with '%.40s'", (const char *)root->name);
    if (read_vm(root, ret, err) < 0)
        return err_wrap(err, "vm record");
    return 0;
}
