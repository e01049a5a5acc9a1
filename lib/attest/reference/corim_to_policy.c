#include "lib/attest/reference/corim_class.h"

#include "lib/base/text.h"

#include <stdio.h>

#define RAW_FLAG_SIZE 1
#define RAW_MASK_SIZE 8
#define REGISTERS_MAX 24

/* One measurement that is being read. */
struct reading {
    struct json *document;
    const struct corim_reference *reference;
    const struct corim_part *part;
};

static int refuse(const struct reading *reading, const char *why, struct err *err)
{
    return err_set(err, ERR_INPUT, "measurement at byte %zu: %s", reading->reference->offset, why);
}

/* --- where it belongs --- */

/* Only a class with id, vendor and model: an instance or a layer would say more than a policy. */
static int find_part(struct reading *reading, struct err *err)
{
    struct cbor environment = reading->reference->environment;
    struct cbor class = cbor_find_int(environment, ENVIRONMENT_CLASS);
    struct cbor uuid = cbor_untag(cbor_find_int(class, CLASS_ID), CORIM_TAG_UUID);

    if (environment.number != 1 || class.kind != CBOR_MAP ||
        cbor_find_int(class, CLASS_LAYER).kind != CBOR_NONE ||
        cbor_find_int(class, CLASS_INDEX).kind != CBOR_NONE)
        return refuse(reading, "its environment is not a class alone", err);
    reading->part = corim_part_of(cbor_bytes(uuid));
    if (reading->part == NULL)
        return refuse(reading, "its environment is of a class that is not known here", err);
    if (reading->reference->restricted)
        return refuse(reading, "it counts only under a condition (authorized-by)", err);
    return 0;
}

static const struct policy_member *find_member(const struct reading *reading, const char *key)
{
    for (const struct policy_member *member = policy_members; member->part != NULL; member++)
        if (strcmp(member->part, reading->part->part) == 0 && strcmp(member->name, key) == 0 &&
            member->form != FORM_REGISTER && member->form != FORM_PCRS)
            return member;
    return NULL;
}

/* --- one value --- */

static struct json *read_digest_item(struct cbor digest)
{
    struct span bytes = cbor_bytes(cbor_at(digest, 1));
    int64_t id;

    if (!cbor_int(cbor_at(digest, 0), &id) || corim_digest_len(id) != bytes.len)
        return NULL;
    return json_new_hex(bytes);
}

static struct json *read_digest(struct cbor values)
{
    struct cbor digests = cbor_find_int(values, VALUE_DIGESTS);

    return digests.number == 1 ? read_digest_item(cbor_at(digests, 0)) : NULL;
}

static struct span raw_of(struct cbor values)
{
    return cbor_bytes(cbor_untag(cbor_find_int(values, VALUE_RAW), CORIM_TAG_BYTES));
}

static struct json *read_raw(struct cbor values)
{
    struct span raw = raw_of(values);

    return raw.len > 0 && raw.len <= JSON_BYTES_MAX ? json_new_hex(raw) : NULL;
}

static struct json *new_text(struct span text)
{
    OWNED(free_str) char *copy = NULL;

    if (text.len == 0 || memchr(text.data, '\0', text.len) != NULL)
        return NULL;
    copy = mem_copy(text.data, text.len);
    return json_new_str(copy);
}

static struct json *read_text(struct cbor values)
{
    return new_text(cbor_text(cbor_find_int(values, VALUE_NAME)));
}

static struct json *read_flag(struct cbor values)
{
    struct span raw = raw_of(values);

    return raw.len == RAW_FLAG_SIZE && raw.data[0] <= 1 ? json_new_bool(raw.data[0] == 1) : NULL;
}

static struct json *read_svn(struct cbor values, enum corim_tag tag)
{
    uint64_t number;

    if (!cbor_uint(cbor_untag(cbor_find_int(values, VALUE_SVN), tag), &number) ||
        number > UINT32_MAX)
        return NULL;
    return json_new_int((int64_t)number);
}

static struct json *read_number(struct cbor values)
{
    return read_svn(values, CORIM_TAG_SVN);
}

static struct json *read_least(struct cbor values)
{
    return read_svn(values, CORIM_TAG_MIN_SVN);
}

static struct json *read_mask(struct cbor values)
{
    struct span raw = raw_of(values);
    char text[2 + 2 * RAW_MASK_SIZE + 1] = "0x";

    if (raw.len != RAW_MASK_SIZE)
        return NULL;
    text_hex(raw.data, raw.len, text + 2);
    return json_new_str(text);
}

static struct json *read_pem(struct cbor values, enum corim_tag tag)
{
    struct cbor keys = cbor_find_int(values, VALUE_KEYS);

    return keys.number == 1 ? new_text(cbor_text(cbor_untag(cbor_at(keys, 0), tag))) : NULL;
}

static struct json *read_cert(struct cbor values)
{
    return read_pem(values, CORIM_TAG_CERT);
}

static struct json *read_key(struct cbor values)
{
    return read_pem(values, CORIM_TAG_KEY);
}

/* How a value of each form is read, and what it should have been. */
static const struct {
    struct json *(*read)(struct cbor values);
    const char *wanted;
} readers[] = {
    [FORM_DIGEST] = {read_digest, "expected one digest: sha-256 (1), sha-384 (7) or sha-512 (8)"},
    [FORM_BYTES] = {read_raw, "expected a raw value of 1 to 64 bytes"},
    [FORM_TEXT] = {read_text, "expected a name"},
    [FORM_FLAG] = {read_flag, "expected a raw value of one byte, 0 or 1"},
    [FORM_NUMBER] = {read_number, "expected an exact SVN (tag 552)"},
    [FORM_LEAST] = {read_least, "expected a minimum SVN (tag 553)"},
    [FORM_MASK] = {read_mask, "expected a raw value of 8 bytes"},
    [FORM_CERT] = {read_cert, "expected one certificate (tag 555)"},
    [FORM_KEY] = {read_key, "expected one key (tag 554)"},
};

static int read_member(const struct reading *reading, const char *key, struct err *err)
{
    const struct policy_member *member = find_member(reading, key);
    struct json *value;

    if (member == NULL)
        return err_set(err, ERR_INPUT, "measurement at byte %zu: '%s' is no member of a policy",
                       reading->reference->offset, key);
    value = readers[member->form].read(reading->reference->values);
    if (value == NULL)
        return refuse(reading, readers[member->form].wanted, err);
    if (!policy_member_add(reading->document, member, value))
        return err_set(err, ERR_INPUT, "measurement at byte %zu: '%s' is said twice",
                       reading->reference->offset, key);
    return 0;
}

/* --- registers --- */

static const char *bank_name(int64_t id)
{
    for (const struct corim_bank *bank = corim_banks; bank->name != NULL; bank++)
        if (bank->id == id)
            return bank->name;
    return NULL;
}

static struct json *object_in(struct json *parent, const char *key)
{
    if (json_get(parent, key) == NULL)
        json_set(parent, key, json_new_object());
    return json_edit(parent, key);
}

static void add_pcr(struct json *document, uint64_t index, int64_t id, struct json *value)
{
    struct json *bank = object_in(object_in(object_in(document, "vtpm"), "pcrs"), bank_name(id));
    char key[8];

    snprintf(key, sizeof(key), "%u", (unsigned)index);
    if (json_get(bank, key) == NULL)
        json_set(bank, key, json_new_array());
    json_add(json_edit(bank, key), value);
}

static bool add_rtmr(struct json *document, uint64_t index, struct json *value)
{
    for (const struct policy_member *member = policy_members; member->part != NULL; member++)
        if (member->form == FORM_REGISTER && member->index == index)
            return policy_member_add(document, member, value);
    json_free(value);
    return false;
}

static int read_register(const struct reading *reading, bool pcrs, struct cbor key,
                         struct cbor digest, struct err *err)
{
    struct json *value = read_digest_item(digest);
    uint64_t index;
    int64_t id = 0;

    (void)cbor_int(cbor_at(digest, 0), &id);
    if (value == NULL)
        return refuse(reading, "a register's digest is none that is known", err);
    if (!cbor_uint(key, &index) || index >= REGISTERS_MAX) {
        json_free(value);
        return refuse(reading, "there is no such register", err);
    }
    if (pcrs)
        add_pcr(reading->document, index, id, value);
    else if (!add_rtmr(reading->document, index, value))
        return refuse(reading, "there is no such register", err);
    return 0;
}

static int read_registers(const struct reading *reading, bool pcrs, struct err *err)
{
    struct cbor table = cbor_find_int(reading->reference->values, VALUE_REGISTERS);
    struct cbor_cursor cursor = cbor_begin(table);
    struct cbor key, digests, digest;

    if (table.kind != CBOR_MAP)
        return refuse(reading, "expected integrity registers", err);
    while (cbor_next_pair(&cursor, &key, &digests)) {
        struct cbor_cursor inner = cbor_begin(digests);

        while (cbor_next(&inner, &digest))
            if (read_register(reading, pcrs, key, digest, err) < 0)
                return -1;
    }
    return 0;
}

/* --- the whole --- */

static int read_part_mark(const struct reading *reading, struct err *err)
{
    struct span raw = raw_of(reading->reference->values);

    if (raw.len != RAW_FLAG_SIZE || raw.data[0] != 1 || reading->part->part[0] == '\0')
        return refuse(reading, "expected a raw value of one byte, 1", err);
    object_in(reading->document, reading->part->part);
    return 0;
}

static int visit(void *to, const struct corim_reference *reference, struct err *err)
{
    struct reading reading = {to, reference, NULL};
    struct span name = cbor_text(reference->key);
    OWNED(free_str) char *key = NULL;

    if (find_part(&reading, err) < 0)
        return -1;
    if (name.len == 0 || name.len > 64 || memchr(name.data, '\0', name.len) != NULL)
        return refuse(&reading, "its key is not the name of a member", err);
    if (reference->values.number != 1)
        return refuse(&reading, "it has more values than one", err);
    key = mem_copy(name.data, name.len);
    if (strcmp(reading.part->part, "vtpm") == 0 && strcmp(key, CORIM_KEY_PCRS) == 0)
        return read_registers(&reading, true, err);
    if (strcmp(reading.part->part, "tdx") == 0 && strcmp(key, CORIM_KEY_RTMRS) == 0)
        return read_registers(&reading, false, err);
    if (strcmp(key, CORIM_KEY_PART) == 0)
        return read_part_mark(&reading, err);
    return read_member(&reading, key, err);
}

int corim_to_policy(const struct corim *corim, struct json **ret, struct err *err)
{
    OWNED_JSON *document = json_new_object();
    OWNED_POLICY *checked = NULL;

    if (!corim_profile_is(corim, CORIM_POLICY_PROFILE))
        return err_set(err, ERR_UNSUPPORTED,
                       "corim: its profile is not %s: what its values mean for a policy is not "
                       "known here",
                       CORIM_POLICY_PROFILE);
    if (corim->extensions > 0)
        return err_set(err, ERR_INPUT, "corim: %zu extensions that are not understood",
                       corim->extensions);
    json_set_int(document, "version", 1);
    if (corim_each_reference(corim, visit, document, err) < 0 ||
        policy_decode(document, &checked, err) < 0)
        return err_wrap(err, "corim");
    *ret = GIVE(document);
    return 0;
}

bool corim_is_likely(struct span bytes)
{
    return bytes.len > 0 && (bytes.data[0] == 0xd2 /* tag 18 */ ||
                             (bytes.len > 2 && bytes.data[0] == 0xd9 && bytes.data[1] == 0x01 &&
                              bytes.data[2] == 0xf5 /* tag 501 */));
}
