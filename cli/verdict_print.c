#include "cli/verdict_print.h"

#include "cli/print.h"

/* An acceptance says in its first line what it did without. */
static void list_waived(const struct json *names, struct buf *out)
{
    for (size_t i = 0; i < json_count(names); i++)
        buf_printf(out, "%s%s", i == 0 ? "; waived: " : ", ", json_str(json_at(names, i)));
}

void verdict_print(const struct verdict *verdict, bool as_json, bool explain)
{
    OWNED_BUF text = BUF_OF(4 * MIB), waived = BUF_OF(1 * KIB);
    OWNED_JSON *json = verdict_json(verdict);

    if (as_json) {
        print_json(json);
        return;
    }
    list_waived(json_get(json, "waived"), &waived);
    print_line("%s (crypto: %s, policy: %s%s)", json_get_str(json, "result"),
               json_get_str(json, "crypto"), json_get_str(json, "policy"), buf_str(&waived));
    if (explain || !verdict_accepted(verdict))
        attest_explain(verdict, &text);
    print_span(buf_span(&text));
}
