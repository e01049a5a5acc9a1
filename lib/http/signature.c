#include "lib/http/signature.h"

#include "lib/base/text.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>

#define LABEL    "cocos="
#define TAG      "cocos"
#define BASE_MAX (64 * KIB)

/* What is covered. A component has its place in struct signature_message. */
enum component {
    COMPONENT_METHOD,
    COMPONENT_PATH,
    COMPONENT_QUERY,
    COMPONENT_DIGEST,
    COMPONENT_COMPUTATION,
    COMPONENT_CHANNEL,
    COMPONENT_COUNT
};

static const struct {
    const char *name;
    size_t offset;
} components[COMPONENT_COUNT] = {
    [COMPONENT_METHOD] = {"@method", offsetof(struct signature_message, method)},
    [COMPONENT_PATH] = {"@path", offsetof(struct signature_message, path)},
    [COMPONENT_QUERY] = {"@query", offsetof(struct signature_message, query)},
    [COMPONENT_DIGEST] = {"content-digest", offsetof(struct signature_message, content_digest)},
    [COMPONENT_COMPUTATION] = {"cocos-computation",
                               offsetof(struct signature_message, computation)},
    [COMPONENT_CHANNEL] = {"cocos-channel", offsetof(struct signature_message, channel)},
};

enum param {
    PARAM_CREATED,
    PARAM_EXPIRES,
    PARAM_NONCE,
    PARAM_KEYID,
    PARAM_ALG,
    PARAM_TAG,
    PARAM_COUNT
};

static const struct {
    const char *name;
    bool is_number;
} param_rows[PARAM_COUNT] = {
    [PARAM_CREATED] = {"created", true}, [PARAM_EXPIRES] = {"expires", true},
    [PARAM_NONCE] = {"nonce", false},    [PARAM_KEYID] = {"keyid", false},
    [PARAM_ALG] = {"alg", false},        [PARAM_TAG] = {"tag", false},
};

/* Signature-Input, read: which components in which order, and the raw text of each parameter. */
struct parsed_input {
    enum component order[COMPONENT_COUNT];
    size_t count;
    bool covered[COMPONENT_COUNT];
    struct span params[PARAM_COUNT]; /* data NULL: absent */
};

static int refuse(struct err *err, const char *why)
{
    return err_set(err, ERR_UNAUTHENTICATED, "signature: %s", why);
}

/* --- reading; only the canonical form of RFC 9421 is accepted, so that the text as it came is
 * also the text that was signed --- */

static bool skip(const char **at, const char *literal)
{
    if (!text_starts_with(*at, literal))
        return false;
    *at += strlen(literal);
    return true;
}

/* "..." of printable ASCII; nothing in this profile needs an escape. */
static bool take_string(const char **at, struct span *ret)
{
    const char *start = *at + 1, *end = start;

    if (**at != '"')
        return false;
    while (*end >= ' ' && *end <= '~' && *end != '"' && *end != '\\')
        end++;
    if (*end != '"')
        return false;
    *ret = span_of(start, (size_t)(end - start));
    *at = end + 1;
    return true;
}

static bool take_digits(const char **at, struct span *ret)
{
    size_t length = strspn(*at, "0123456789");

    *ret = span_of(*at, length);
    *at += length;
    return length > 0 && length <= 15; /* RFC 8941 section 3.3.1 */
}

static int take_component(const char **at, struct parsed_input *parsed, struct err *err)
{
    struct span name;

    if (!take_string(at, &name))
        return refuse(err, "Signature-Input: a covered component is expected in quotes");
    for (int i = 0; i < COMPONENT_COUNT; i++) {
        if (!span_equal(name, span_of_str(components[i].name)))
            continue;
        if (parsed->covered[i])
            return err_set(err, ERR_UNAUTHENTICATED, "signature: '%s' is covered twice",
                           components[i].name);
        parsed->covered[i] = true;
        parsed->order[parsed->count++] = (enum component)i;
        return 0;
    }
    return err_set(err, ERR_UNAUTHENTICATED, "signature: '%.*s' is not a component of this profile",
                   (int)name.len, (const char *)name.data);
}

static int take_components(const char **at, struct parsed_input *parsed, struct err *err)
{
    if (!skip(at, "("))
        return refuse(err, "Signature-Input: a list of covered components is missing");
    while (!skip(at, ")")) {
        if (parsed->count > 0 && !skip(at, " "))
            return refuse(err, "Signature-Input: the list of covered components is malformed");
        if (take_component(at, parsed, err) < 0)
            return -1;
    }
    return 0;
}

static int take_param(const char **at, struct parsed_input *parsed, struct err *err)
{
    for (int i = 0; i < PARAM_COUNT; i++) {
        const char *here = *at;
        bool taken;

        if (!skip(&here, param_rows[i].name) || !skip(&here, "="))
            continue;
        if (parsed->params[i].data != NULL)
            return err_set(err, ERR_UNAUTHENTICATED, "signature: '%s' is given twice",
                           param_rows[i].name);
        taken = param_rows[i].is_number ? take_digits(&here, &parsed->params[i])
                                        : take_string(&here, &parsed->params[i]);
        if (!taken)
            return err_set(err, ERR_UNAUTHENTICATED, "signature: '%s' is malformed",
                           param_rows[i].name);
        *at = here;
        return 0;
    }
    return refuse(err, "Signature-Input: a parameter that is not of this profile");
}

static int parse_input(const char *input, struct parsed_input *ret, struct err *err)
{
    *ret = (struct parsed_input){0};
    if (input == NULL || strlen(input) > SIGNATURE_HEADER_MAX || !skip(&input, LABEL))
        return refuse(err, "Signature-Input must hold one signature labelled 'cocos'");
    if (take_components(&input, ret, err) < 0)
        return -1;
    while (skip(&input, ";"))
        if (take_param(&input, ret, err) < 0)
            return -1;
    if (*input != '\0')
        return refuse(err, "Signature-Input: something follows the parameters");
    for (int i = 0; i < PARAM_COUNT; i++)
        if (ret->params[i].data == NULL)
            return err_set(err, ERR_UNAUTHENTICATED, "signature: '%s' is missing",
                           param_rows[i].name);
    return 0;
}

static int check_coverage(const struct parsed_input *parsed, bool has_body, struct err *err)
{
    for (int i = 0; i < COMPONENT_COUNT; i++) {
        bool wanted = i == COMPONENT_DIGEST ? has_body : true;

        if (parsed->covered[i] != wanted)
            return err_set(err, ERR_UNAUTHENTICATED, "signature: '%s' must %sbe covered",
                           components[i].name, wanted ? "" : "not ");
    }
    return 0;
}

/* A span of digits or a string, as a C string of at most max bytes; false when it is longer. */
static bool copy_text(struct span text, char *out, size_t max)
{
    if (text.len > max)
        return false;
    memcpy(out, text.data, text.len);
    out[text.len] = '\0';
    return true;
}

static int read_number(struct span digits, int64_t *ret, struct err *err)
{
    char text[16];
    uint64_t value;

    if (!copy_text(digits, text, sizeof(text) - 1) ||
        text_parse_u64(text, INT64_MAX, &value, err) < 0)
        return refuse(err, "a time is malformed");
    *ret = (int64_t)value;
    return 0;
}

static int read_alg(struct span name, enum sign_alg *ret, struct err *err)
{
    for (int i = 0; i < SIGN_ALG_COUNT; i++) {
        if (span_equal(name, span_of_str(sign_alg_names[i]))) {
            *ret = (enum sign_alg)i;
            return 0;
        }
    }
    return refuse(err, "'alg' is not one of this profile");
}

static int read_params(const struct parsed_input *parsed, struct signature_params *ret,
                       struct err *err)
{
    uint8_t key_id[SHA256_SIZE];

    if (read_number(parsed->params[PARAM_CREATED], &ret->created, err) < 0 ||
        read_number(parsed->params[PARAM_EXPIRES], &ret->expires, err) < 0 ||
        read_alg(parsed->params[PARAM_ALG], &ret->alg, err) < 0)
        return -1;
    if (!copy_text(parsed->params[PARAM_NONCE], ret->nonce, SIGNATURE_NONCE_MAX) ||
        ret->nonce[0] == '\0')
        return refuse(err, "'nonce' must have 1 to 64 characters");
    if (!copy_text(parsed->params[PARAM_KEYID], ret->key_id, sizeof(ret->key_id) - 1) ||
        text_parse_hex(ret->key_id, key_id, sizeof(key_id), err) < 0 ||
        strpbrk(ret->key_id, "ABCDEF") != NULL)
        return refuse(err, "'keyid' must be a SHA-256 in lower-case hex");
    if (!span_equal(parsed->params[PARAM_TAG], span_of_str(TAG)))
        return refuse(err, "'tag' must be 'cocos'");
    return 0;
}

static int check_times(const struct signature_params *params, int64_t now, struct err *err)
{
    if (params->expires <= params->created ||
        params->expires - params->created > SIGNATURE_LIFETIME_MAX_S)
        return err_set(err, ERR_UNAUTHENTICATED,
                       "signature: it must expire at most %d s after it was created",
                       SIGNATURE_LIFETIME_MAX_S);
    if (params->created > now + SIGNATURE_SKEW_S)
        return refuse(err, "it was created in the future; are the clocks right?");
    if (params->expires < now - SIGNATURE_SKEW_S)
        return refuse(err, "it has expired");
    return 0;
}

static int read_signature(const char *signature, struct buf *out, struct err *err)
{
    size_t length;

    if (signature == NULL || strlen(signature) > SIGNATURE_HEADER_MAX || !skip(&signature, LABEL) ||
        !skip(&signature, ":"))
        return refuse(err, "Signature must hold one signature labelled 'cocos'");
    length = strcspn(signature, ":");
    if (signature[length] != ':' || signature[length + 1] != '\0' ||
        text_decode_base64(span_of(signature, length), out, err) < 0)
        return refuse(err, "Signature is malformed");
    return 0;
}

int signature_parse(const struct signature_fields *fields, int64_t now,
                    struct signature_params *ret, struct buf *signature_bytes, struct err *err)
{
    struct signature_params params = {0};
    struct parsed_input parsed;

    if (parse_input(fields->input, &parsed, err) < 0 ||
        check_coverage(&parsed, fields->has_body, err) < 0 ||
        read_params(&parsed, &params, err) < 0 || check_times(&params, now, err) < 0 ||
        read_signature(fields->signature, signature_bytes, err) < 0)
        return -1;
    *ret = params;
    return 0;
}

/* --- the signature base --- */

static const char *component_value(const struct signature_message *message, enum component which)
{
    return *(const char *const *)((const char *)message + components[which].offset);
}

/* One line of the base; the value without blanks around it (RFC 9421 section 2.1). */
static int add_line(enum component which, const char *value, struct buf *base, struct err *err)
{
    const char *end;

    if (value == NULL && which != COMPONENT_QUERY)
        return err_set(err, ERR_INPUT, "signature: there is no '%s'", components[which].name);
    if (value == NULL)
        value = "";
    value += strspn(value, " \t");
    end = value + strlen(value);
    while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    for (const char *c = value; c < end; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            return err_set(err, ERR_INPUT, "signature: '%s' has a control character",
                           components[which].name);

    buf_printf(base, "\"%s\": %s%.*s\n", components[which].name,
               which == COMPONENT_QUERY ? "?" : "", (int)(end - value), value);
    return 0;
}

/* params is what stands behind the label in Signature-Input. */
static int make_base(const struct signature_message *message, const enum component order[],
                     size_t count, const char *params, struct buf *base, struct err *err)
{
    for (size_t i = 0; i < count; i++)
        if (add_line(order[i], component_value(message, order[i]), base, err) < 0)
            return -1;
    buf_printf(base, "\"@signature-params\": %s", params);
    return buf_check(base, "signature base", err);
}

int signature_verify(const struct signature_message *message, const char *input,
                     struct span signature_bytes, const struct key *key, struct err *err)
{
    OWNED_BUF base = BUF_OF(BASE_MAX);
    char identity[KEY_IDENTITY_TEXT_SIZE];
    struct signature_params params;
    struct parsed_input parsed;

    if (parse_input(input, &parsed, err) < 0 || read_params(&parsed, &params, err) < 0)
        return -1;
    key_identity_text(key, identity);
    if (strcmp(identity, params.key_id) != 0)
        return refuse(err, "'keyid' names another key");
    if (sign_alg_of(key) != params.alg)
        return refuse(err, "'alg' does not go with the key");

    if (make_base(message, parsed.order, parsed.count, input + strlen(LABEL), &base, err) < 0 ||
        sign_verify(key, buf_span(&base), signature_bytes, err) < 0) {
        err->kind = ERR_UNAUTHENTICATED;
        return -1;
    }
    return 0;
}

/* --- making --- */

static void write_params(const enum component order[], size_t count,
                         const struct signature_params *params, struct buf *out)
{
    for (size_t i = 0; i < count; i++)
        buf_printf(out, "%s\"%s\"", i == 0 ? "(" : " ", components[order[i]].name);
    buf_printf(out, ");created=%" PRId64 ";expires=%" PRId64, params->created, params->expires);
    buf_printf(out, ";nonce=\"%s\";keyid=\"%s\";alg=\"%s\";tag=\"" TAG "\"", params->nonce,
               params->key_id, sign_alg_names[params->alg]);
}

int signature_make(const struct signature_message *message, const struct key *key,
                   const struct signature_params *params, struct buf *input, struct buf *signature,
                   struct err *err)
{
    OWNED_BUF text = BUF_OF(SIGNATURE_HEADER_MAX), base = BUF_OF(BASE_MAX);
    OWNED_BUF bytes = BUF_OF(SIGNATURE_HEADER_MAX);
    struct signature_params mine = *params;
    enum component order[COMPONENT_COUNT];
    size_t count = 0;

    for (int i = 0; i < COMPONENT_COUNT; i++)
        if (i != COMPONENT_DIGEST || message->content_digest != NULL)
            order[count++] = (enum component)i;
    mine.alg = sign_alg_of(key);
    key_identity_text(key, mine.key_id);
    write_params(order, count, &mine, &text);

    if (make_base(message, order, count, buf_str(&text), &base, err) < 0 ||
        sign_message(key, buf_span(&base), &bytes, err) < 0)
        return -1;
    buf_printf(input, LABEL "%s", buf_str(&text));
    buf_add_str(signature, LABEL ":");
    text_encode_base64(buf_span(&bytes), signature);
    buf_add_str(signature, ":");
    return buf_check(input, "Signature-Input", err) < 0 ||
                   buf_check(signature, "Signature", err) < 0
               ? -1
               : 0;
}
