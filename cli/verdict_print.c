#include "cli/verdict_print.h"

#include "cli/print.h"

void verdict_print(const struct verdict *verdict, bool as_json, bool explain)
{
    OWNED_BUF text = BUF_OF(4 * MIB);
    OWNED_JSON *json = verdict_json(verdict);

    if (as_json) {
        print_json(json);
        return;
    }
    print_line("%s (crypto: %s, policy: %s)", json_get_str(json, "result"),
               json_get_str(json, "crypto"), json_get_str(json, "policy"));
    if (explain || !verdict_accepted(verdict))
        attest_explain(verdict, &text);
    print_span(buf_span(&text));
}
