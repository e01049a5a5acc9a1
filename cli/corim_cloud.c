#include "cli/corim_cloud.h"

#include "cli/corim_make.h"
#include "cli/input.h"
#include "cli/tcb_text.h"
#include "lib/attest/evidence/gce_endorsement.h"
#include "lib/attest/evidence/jws.h"
#include "lib/attest/evidence/maa.h"
#include "lib/base/clock.h"
#include "lib/base/text.h"

#include <inttypes.h>

#define AT(member) offsetof(struct corim_cloud_options, member)
#define KEY_FLAG(words)                                                                            \
    {                                                                                              \
        "key", 'k', FLAG_TEXT, "FILE", NULL, AT(key), words                                        \
    }
#define WAIVE_FLAG                                                                                 \
    {                                                                                              \
        "waive", 0, FLAG_LIST, "NAME", NULL, AT(waive), "absence that is excused (docs/policy.md)" \
    }

/* What a cloud said is evidence: what is wrong with it is its own fault. */
static int reject(const char *path, struct err *err)
{
    if (err->kind == ERR_INPUT || err->kind == ERR_MALFORMED)
        err->kind = ERR_UNTRUSTED;
    return err_wrap(err, "'%s'", path);
}

/* --- azure --- */

const struct flag corim_azure_flags[] = {
    {"token", 0, FLAG_TEXT, "FILE", NULL, AT(token), "token of Azure's attestation service"},
    KEY_FLAG("public key or certificate of the service, that must have signed it"),
    {"product", 0, FLAG_CHOICE, "NAME", NULL, AT(product),
     "generation of the machine (default Milan):", .choices = tcb_products},
    {"time", 0, FLAG_TEXT, "RFC3339", NULL, AT(time), "when the token must be valid (default now)"},
    WAIVE_FLAG,
    {NULL},
};

static int check_time(const struct json *claims, const char *text, struct err *err)
{
    int64_t now = clock_now();

    if (text != NULL && text_parse_time(text, &now, err) < 0) {
        err->kind = ERR_USAGE;
        return err_wrap(err, "--time");
    }
    if (json_kind_of(json_get(claims, "exp")) != JSON_KIND_INTEGER ||
        json_get_int(claims, "exp") <= now || json_get_int(claims, "nbf") > now)
        return err_set(err, ERR_UNTRUSTED, "the token is not valid at that time (--time)");
    return 0;
}

static int read_token(const struct corim_cloud_options *options, struct snp_report *ret,
                      struct err *err)
{
    OWNED_BUF text = BUF_OF(JWS_SIZE_MAX);
    OWNED_JSON *claims = NULL;
    OWNED_KEY *key = NULL;
    OWNED_JWS jws = {.header = NULL};

    if (input_read(options->token, &text, err) < 0 ||
        input_read_public_key(options->key, &key, err) < 0)
        return -1;
    if (jws_parse(buf_span(&text), &jws, err) < 0 ||
        jws_verify(&jws, key, jws_alg_of(key), err) < 0 ||
        json_parse(buf_span(&jws.payload), &claims, err) < 0 ||
        check_time(claims, options->time, err) < 0)
        return -1;
    if (maa_detect(claims) != MAA_SNP)
        return err_set(err, ERR_UNTRUSTED, "the token is not about an SNP machine");
    return maa_read_snp(claims, ret, err);
}

static void set_bytes(struct json *object, const char *key, struct span bytes)
{
    if (!span_is_zero(bytes))
        json_set_hex(object, key, bytes);
}

/* The service says TCBs in the layout of Milan and Genoa. */
static int set_tcb(struct json *snp, const struct snp_report *report, struct err *err)
{
    OWNED(free_str) char *text = mem_printf("0x%016" PRIx64, report->reported_tcb);
    struct json *tcb = NULL;

    if (tcb_text_parse(text, NULL, &tcb, err) < 0)
        return -1;
    json_set(snp, "min_tcb", tcb);
    return 0;
}

int corim_azure_run(const struct cli *cli, const void *ptr, struct err *err)
{
    const struct corim_cloud_options *options = ptr;
    OWNED_JSON *document = corim_make_document("snp");
    struct json *snp = json_edit(document, "snp");
    struct snp_report report;

    if (options->token == NULL || options->key == NULL)
        return err_set(err, ERR_USAGE, "--token and --key must be given");
    if (options->product != NULL && strcmp(options->product, "Turin") == 0)
        return err_set(err, ERR_USAGE, "--product Turin: the service tells no TCB of it");
    if (read_token(options, &report, err) < 0)
        return err->kind == ERR_USAGE ? -1 : reject(options->token, err);
    if (report.policy & (SNP_POLICY_DEBUG | SNP_POLICY_MIGRATE_MA))
        return err_set(
            err, ERR_UNTRUSTED,
            "'%s' is about a guest that may be debugged or migrated: no policy accepts it",
            options->token);
    json_set_hex(snp, "measurement", SPAN_OF_ARRAY(report.measurement));
    set_bytes(snp, "host_data", SPAN_OF_ARRAY(report.host_data));
    set_bytes(snp, "id_key_digest", SPAN_OF_ARRAY(report.id_key_digest));
    set_bytes(snp, "author_key_digest", SPAN_OF_ARRAY(report.author_key_digest));
    if (report.vmpl != 0)
        json_set_int(snp, "vmpl", report.vmpl);
    if (set_tcb(snp, &report, err) < 0)
        return -1;
    corim_make_texts(document, "waive", &options->waive);
    return corim_output_policy(cli, &options->output, document, err);
}

/* --- gcp --- */

const struct flag corim_gcp_flags[] = {
    {"endorsement", 0, FLAG_TEXT, "FILE", NULL, AT(endorsement),
     "launch endorsement of the firmware, as the bucket gce_tcb_integrity has it"},
    KEY_FLAG("public key or certificate of the signer, that must have signed it"),
    {"measurement", 0, FLAG_TEXT, "HEX", NULL, AT(measurement),
     "launch measurement that must be among the endorsed; then only this one is acceptable"},
    {"vcpu", 0, FLAG_U64, "N", NULL, AT(vcpus), "only the value for this number of vCPUs",
     .max = 4096},
    WAIVE_FLAG,
    {NULL},
};

/* The one that the caller has must be endorsed, as SNP or TDX. */
static int choose(struct json *document, const char *measurement, struct err *err)
{
    static const char *const members[][2] = {{"snp", "measurement"}, {"tdx", "mrtd"}};
    bool found = false;

    for (size_t i = 0; measurement != NULL && i < COUNT_OF(members); i++) {
        const struct json *list = json_get(json_get(document, members[i][0]), members[i][1]);
        struct json *only = json_new_object();
        bool here = false;

        for (size_t j = 0; j < json_count(list); j++)
            here = here || strcmp(json_str(json_at(list, j)), measurement) == 0;
        json_set_str(only, members[i][1], measurement);
        json_set(document, members[i][0], here ? only : NULL);
        if (!here)
            json_free(only);
        found = found || here;
    }
    if (measurement != NULL && !found)
        return err_set(err, ERR_UNTRUSTED, "the measurement is not among the endorsed");
    return 0;
}

int corim_gcp_run(const struct cli *cli, const void *ptr, struct err *err)
{
    const struct corim_cloud_options *options = ptr;
    OWNED_BUF file = BUF_OF(GCE_ENDORSEMENT_MAX);
    OWNED_JSON *document = NULL;
    OWNED_KEY *key = NULL;
    struct span golden;

    if (options->endorsement == NULL || options->key == NULL)
        return err_set(err, ERR_USAGE, "--endorsement and --key must be given");
    if (input_read(options->endorsement, &file, err) < 0 ||
        input_read_public_key(options->key, &key, err) < 0)
        return -1;
    if (gce_endorsement_open(buf_span(&file), key, &golden, err) < 0 ||
        gce_endorsement_policy(golden, (uint32_t)options->vcpus, &document, err) < 0 ||
        choose(document, options->measurement, err) < 0)
        return reject(options->endorsement, err);
    corim_make_texts(document, "waive", &options->waive);
    return corim_output_policy(cli, &options->output, document, err);
}
