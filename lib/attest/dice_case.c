#include "lib/attest/dice_case.h"

#include "lib/attest/bundle_case.h"
#include "lib/attest/evidence/dice_chain.h"
#include "lib/attest/token_key.h"

#define CLAIM_TEXT_MAX 256

bool dice_case_detect(struct span evidence)
{
    OWNED_DICE_CHAIN chain = {0};
    struct err unused;

    if (evidence.len == 0 || dice_chain_parse(evidence, &chain, &unused) < 0)
        return false;
    /* Other certificates, and other signed claims, are something else. */
    for (size_t i = 0; i < chain.count; i++)
        if (chain.layers[i].measured || chain.layers[i].tcb.count > 0)
            return true;
    return false;
}

/* --- claims ---------------------------------------------------------------------------------- */

static void set_text(struct json *json, const char *key, struct span text)
{
    OWNED_BUF copy = BUF_OF(CLAIM_TEXT_MAX);

    buf_add_span(&copy, span_part(text, 0, CLAIM_TEXT_MAX));
    if (text.len > 0)
        json_set_str(json, key, buf_str(&copy));
}

static struct json *layer_claims(const struct dice_layer *layer)
{
    struct json *json = json_new_object();
    char id[KEY_IDENTITY_TEXT_SIZE];

    key_identity_text(layer->key, id);
    json_set_str(json, "spki_sha256", id);
    if (layer->measured) {
        for (int i = 0; i < DICE_VALUE_COUNT; i++)
            if (layer->value[i].len > 0)
                json_set_hex(json, dice_value_names[i], layer->value[i]);
        json_set_str(json, "mode",
                     layer->mode < DICE_MODE_COUNT ? dice_mode_names[layer->mode] : "unknown");
        set_text(json, "profile", layer->profile);
    }
    if (layer->tcb.count > 0) {
        struct json *list = json_new_array();

        for (size_t i = 0; i < layer->tcb.count; i++)
            json_add(list, tcb_info_claims(&layer->tcb.items[i]));
        json_set(json, "tcb_info", list);
    }
    return json;
}

static void add_claims(struct attest_case *c, const struct dice_chain *chain)
{
    struct json *claims = json_new_object();
    struct json *layers = json_new_array();

    for (size_t i = 0; i < chain->count; i++)
        json_add(layers, layer_claims(&chain->layers[i]));
    json_set(claims, "layers", layers);
    json_set(c->verdict->claims, attest_kind_names[KIND_DICE], claims);
}

/* --- links ----------------------------------------------------------------------------------- */

static void add_fault(struct attest_case *c, enum finding_id id, size_t index, const char *got)
{
    struct finding *finding = verdict_add(c->verdict, id);

    finding_subject(finding, "%zu", index);
    finding_got(finding, "%s", got);
}

/* Names that the profile derives from keys are compared with the keys. Names of other profiles
 * only lead from one certificate to the next. */
static const char *find_wrong_name(const struct dice_chain *chain, size_t index,
                                   const struct key *issuer)
{
    const struct dice_layer *layer = &chain->layers[index];
    const struct dice_layer *before = index > 0 ? &chain->layers[index - 1] : NULL;
    bool profile = layer->measured || layer->cert == NULL;

    if (profile && !dice_layer_names(layer, layer->subject, layer->key))
        return "the subject is not the identifier of its key";
    if ((layer->measured || before != NULL) && profile &&
        !dice_layer_names(layer, layer->issuer, issuer)) /* who made the device names himself */
        return "the issuer is not the identifier of the key before";
    if (before != NULL && !span_equal(before->subject, layer->issuer))
        return "it names another issuer than the certificate before";
    if (before != NULL && !before->issues)
        return "the certificate before may not issue any";
    return NULL;
}

static bool check_path(struct attest_case *c, const struct dice_chain *chain, size_t index)
{
    const struct dice_layer *layer = &chain->layers[index];
    const struct dice_layer *before = index > 0 ? &chain->layers[index - 1] : NULL;
    unsigned below = (unsigned)(chain->count - 1 - index);
    struct err err;

    if (before == NULL || before->cert == NULL || layer->cert == NULL ||
        x509_check_issuer(layer->cert, before->cert, below, &err) == 0)
        return true;
    add_fault(c, FINDING_DICE_LINK, index, err.text);
    return false;
}

static bool check_time(struct attest_case *c, const struct dice_layer *layer, size_t index)
{
    const char *got = NULL;

    if (layer->has_not_before && c->in->now < layer->not_before)
        got = "it is not valid yet";
    else if (layer->has_not_after && c->in->now > layer->not_after)
        got = "it has expired";
    if (got == NULL) {
        verdict_pass(c->verdict, FINDING_DICE_TIME);
        return true;
    }
    add_fault(c, FINDING_DICE_TIME, index, got);
    return false;
}

static bool check_layer(struct attest_case *c, const struct dice_chain *chain, size_t index,
                        const struct key *issuer)
{
    const struct dice_layer *layer = &chain->layers[index];
    const char *wrong = find_wrong_name(chain, index, issuer);
    bool good = check_path(c, chain, index);
    struct err err;

    if (wrong != NULL) {
        add_fault(c, FINDING_DICE_LINK, index, wrong);
        good = false;
    } else {
        verdict_pass(c->verdict, FINDING_DICE_LINK);
    }
    if (dice_layer_check_signature(layer, issuer, &err) < 0) {
        add_fault(c, FINDING_DICE_SIGNATURE, index, err.text);
        good = false;
    } else {
        verdict_pass(c->verdict, FINDING_DICE_SIGNATURE);
    }
    return check_time(c, layer, index) && good;
}

static bool check_layers(struct attest_case *c, const struct dice_chain *chain,
                         const struct key *root)
{
    const struct key *issuer = root;
    bool good = true;

    for (size_t i = 0; i < chain->count; i++) {
        good = check_layer(c, chain, i, issuer) && good;
        issuer = chain->layers[i].key;
    }
    return good;
}

/* --- the root -------------------------------------------------------------------------------- */

static bool signs_first(const struct dice_chain *chain, const struct key *key)
{
    struct err unused;

    return chain->root != NULL ? key_equal(chain->root, key)
                               : dice_layer_check_signature(&chain->layers[0], key, &unused) == 0;
}

/* A key of the caller's that the chain begins with. A fresh one; NULL when there is none. */
static struct key *find_given_root(struct attest_case *c, const struct dice_chain *chain)
{
    const struct attest_spans roots = c->in->trust_roots;
    struct err unused;

    for (size_t i = 0; i <= roots.count; i++) {
        struct span bytes = i < roots.count ? roots.items[i] : c->in->key;
        OWNED_KEY *key = NULL;

        if (bytes.len == 0 || token_key_load(bytes, &key, &unused) < 0 || !signs_first(chain, key))
            continue;
        c->key_roots = c->key_roots || i == roots.count;
        return GIVE(key);
    }
    return NULL;
}

/* Whether a platform that is itself genuine carries the key. */
static bool is_endorsed(struct attest_case *c, const struct dice_chain *chain)
{
    uint8_t demand[SHA512_SIZE];
    bool was_within = c->within_chain, good;

    if (!chain->has_endorsement)
        return false;
    dice_root_report_data(chain->root, demand);
    c->within_chain = c->transcript != NULL;
    good =
        case_check_within(c, bundle_format_of(chain->endorsement_type), chain->endorsement, demand);
    c->within_chain = was_within;
    return good;
}

static void add_unrooted(struct attest_case *c, const struct key *root)
{
    struct finding *finding = verdict_add(c->verdict, FINDING_DICE_ROOT);
    char id[KEY_IDENTITY_TEXT_SIZE];

    finding_expect(finding, "a key that we were given, or that a genuine platform carries");
    if (root == NULL) {
        finding_got(finding, "a chain that does not say its first key");
        return;
    }
    key_identity_text(root, id);
    finding_got(finding, "%s", id);
}

static bool check_chain(struct attest_case *c, const struct dice_chain *chain, bool endorsed)
{
    OWNED_KEY *given = find_given_root(c, chain);
    const struct key *root = given != NULL ? given : chain->root;

    if (given != NULL || endorsed)
        verdict_pass(c->verdict, FINDING_DICE_ROOT);
    else
        add_unrooted(c, root);
    return root != NULL && check_layers(c, chain, root) && (given != NULL || endorsed);
}

/* --- the last key, and what the policy says -------------------------------------------------- */

static bool check_leaf(struct attest_case *c, const struct dice_chain *chain)
{
    uint8_t identity[SHA256_SIZE];

    if (c->transcript == NULL)
        return true;
    key_identity(chain->layers[chain->count - 1].key, identity);
    return verdict_check_hex(c->verdict, FINDING_DICE_LEAF,
                             transcript_get(c->transcript, TRANSCRIPT_SERVER),
                             SPAN_OF_ARRAY(identity));
}

static void appraise_flags(struct attest_case *c, const struct dice_layer *layer, size_t index)
{
    for (size_t i = 0; i < layer->tcb.count; i++) {
        OWNED_BUF flags = BUF_OF(256);

        tcb_info_write_flags(layer->tcb.items[i].flags, &flags);
        if (flags.len > 0)
            add_fault(c, FINDING_DICE_MODE, index, buf_str(&flags));
    }
}

/* A chain in a bundle is beside a platform, or counts for nothing: it leads to the key that the
 * platform names, and no policy need name it. Alone it is a kind of its own. */
static bool is_admitted(struct attest_case *c)
{
    return c->transcript != NULL ? c->policy != NULL : case_admit_kind(c, KIND_DICE);
}

static void appraise(struct attest_case *c, const struct dice_chain *chain)
{
    if (!is_admitted(c))
        return;
    for (size_t i = 0; i < chain->count; i++) {
        const struct dice_layer *layer = &chain->layers[i];

        appraise_flags(c, layer, i);
        if (layer->measured && layer->mode != DICE_NORMAL)
            add_fault(c, FINDING_DICE_MODE, i,
                      layer->mode < DICE_MODE_COUNT ? dice_mode_names[layer->mode] : "unknown");
        else
            verdict_pass(c->verdict, FINDING_DICE_MODE);
    }
    verdict_appraise_item(c->verdict);
}

void dice_case_check(struct attest_case *c, struct span evidence)
{
    OWNED_DICE_CHAIN chain = {0};
    bool endorsed, good;
    struct err err;

    case_open_item(c, KIND_DICE);
    if (dice_chain_parse(evidence, &chain, &err) < 0) {
        verdict_add_err(c->verdict, FINDING_DICE_FORM, &err);
        return;
    }
    verdict_pass(c->verdict, FINDING_DICE_FORM);
    add_claims(c, &chain);
    endorsed = is_endorsed(c, &chain);
    good = check_chain(c, &chain, endorsed);
    if (check_leaf(c, &chain) && good) {
        verdict_prove_item(c->verdict);
        c->dice_proven = true;
        c->dice_tied = c->dice_tied || endorsed || c->transcript != NULL;
    }
    appraise(c, &chain);
}
