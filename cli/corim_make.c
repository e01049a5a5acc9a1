#include "cli/corim_make.h"

#include "cli/input.h"
#include "lib/attest/reference/igvm_policy.h"

struct json *corim_make_document(const char *part)
{
    struct json *document = json_new_object();

    json_set_int(document, "version", 1);
    json_set(document, part, json_new_object());
    return document;
}

void corim_make_texts(struct json *object, const char *key, const struct flag_list *values)
{
    struct json *list;

    if (values->count == 0)
        return;
    if (json_kind_of(json_get(object, key)) != JSON_KIND_ARRAY)
        json_set(object, key, json_new_array());
    list = json_edit(object, key);
    for (size_t i = 0; i < values->count; i++)
        json_add(list, json_new_str(values->items[i]));
}

void corim_make_text(struct json *object, const char *key, const char *text)
{
    if (text != NULL && text[0] != '\0')
        json_set_str(object, key, text);
}

/* The digests of an IGVM file for one part of the policy. */
int corim_make_igvm(struct json *object, const char *part, const char *member, const char *path,
                    struct err *err)
{
    OWNED_BUF file = BUF_OF(IGVM_SIZE_MAX);
    OWNED_JSON *policy = NULL;
    const struct json *digests;

    if (path == NULL)
        return 0;
    if (input_read(path, &file, err) < 0)
        return -1;
    if (igvm_make_policy(buf_span(&file), &policy, err) < 0) {
        err->kind = ERR_UNTRUSTED;
        return err_wrap(err, "'%s'", path);
    }
    digests = json_get(json_get(policy, part), member);
    if (digests == NULL)
        return err_set(err, ERR_UNTRUSTED, "'%s' is made for no %s machine", path, part);
    json_set(object, member, json_new_copy(digests));
    return 0;
}
