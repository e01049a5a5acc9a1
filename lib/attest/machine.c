#include "lib/attest/machine.h"

static bool is_platform(int kind)
{
    return kind != KIND_VTPM && kind != KIND_DICE;
}

/* Items that do not vouch for a DICE chain. */
static unsigned beside(const struct attest_case *c, int kind)
{
    return c->seen[kind] - c->seen_in_chain[kind];
}

bool machine_has_platform(const struct attest_case *c)
{
    for (int kind = 0; kind < KIND_COUNT; kind++)
        if (is_platform(kind) && c->seen[kind] > 0)
            return true;
    return false;
}

/* What keeps the items from being of one machine; NULL when nothing does. */
static const char *find_stranger(const struct attest_case *c)
{
    unsigned kinds = 0, platforms = 0;

    for (int kind = 0; kind < KIND_COUNT; kind++) {
        if (!is_platform(kind))
            continue;
        kinds += c->seen[kind] > 0 ? 1 : 0;
        platforms += beside(c, kind);
    }
    if (kinds > 1 || platforms > 1)
        return "more than one platform";
    if (beside(c, KIND_VTPM) > 1)
        return "more than one TPM";
    if (c->seen[KIND_DICE] > 1)
        return "more than one DICE chain";
    if (platforms > 0 && c->untied_tpms > 0)
        return "a TPM whose key no proven platform names";
    if (c->seen[KIND_DICE] > 0 && platforms + beside(c, KIND_VTPM) > 0 && !c->dice_tied)
        return "a DICE chain that nothing ties to the rest";
    return NULL;
}

/* "snp, snp, vtpm" */
static void list_items(const struct attest_case *c, struct buf *out)
{
    for (int kind = 0; kind < KIND_COUNT; kind++)
        for (unsigned i = 0; i < c->seen[kind]; i++)
            buf_printf(out, "%s%s", out->len > 0 ? ", " : "", attest_kind_names[kind]);
}

void machine_judge(struct attest_case *c)
{
    const char *stranger = find_stranger(c);
    struct finding *finding = verdict_check(c->verdict, FINDING_MACHINE, stranger == NULL);
    OWNED_BUF items = BUF_OF(KIB);

    if (finding == NULL)
        return;
    list_items(c, &items);
    finding_expect(finding, "pieces of evidence that name each other");
    finding_got(finding, "%s (%s)", stranger, buf_str(&items));
}

void machine_judge_key(struct attest_case *c)
{
    bool covered = c->key_signs ? c->beside_key == 0 : c->key_roots;
    struct finding *finding;

    if (c->in->key.len == 0 || c->in->key_is_root)
        return;
    finding = verdict_check(c->verdict, FINDING_KEY_UNUSED, covered);
    if (finding == NULL)
        return;
    finding_expect(finding, "a signature by the key that was given, over all of it");
    finding_got(finding, "%s",
                c->key_signs ? "evidence beside what the key signed" : "nothing that it signed");
}
