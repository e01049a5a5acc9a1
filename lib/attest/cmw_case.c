#include "lib/attest/cmw_case.h"

#include "lib/attest/evidence/cmw.h"
#include "lib/attest/token_case.h"
#include "lib/cbor/cose.h"

/* Types that are judged here; formats of 0 have no number. Parameters after a ';' do not change
 * what a message is. */
static const struct {
    const char *type;
    uint64_t format; /* CoAP content format */
    enum attest_format is;
} types[] = {
    {"application/vnd.cocos.snp-report", 0, ATTEST_SNP},
    {"application/vnd.cocos.tdx-quote", 0, ATTEST_TDX},
    {"application/vnd.cocos.sgx-quote", 0, ATTEST_SGX},
    {"application/vnd.cocos.hcl-report", 0, ATTEST_HCL},
    {"application/vnd.cocos.tpm-attestation", 0, ATTEST_TPM_PB},
    {"application/vnd.cocos.dice-chain", 0, ATTEST_DICE},
    {"application/vnd.cocos.simulated-snp-report", 0, ATTEST_SIM},
    {"application/vnd.cocos.bundle+json", 0, ATTEST_BUNDLE},
    {"application/eat+cwt", 263, ATTEST_EAT},
    {"application/eat-cwt", 0, ATTEST_EAT}, /* older drafts */
    {"application/eat+jwt", 264, ATTEST_JWT},
    {"application/eat-jwt", 0, ATTEST_JWT},
    {"application/cmw+cbor", 0, ATTEST_CMW},
    {"application/cmw+json", 0, ATTEST_CMW},
};

/* The same letters, large or small (RFC 6838, 4.2); type is small and whole, text is not. */
static bool is_type(const char *type, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        char letter = text[i] >= 'A' && text[i] <= 'Z' ? (char)(text[i] - 'A' + 'a') : text[i];

        if (type[i] == '\0' || type[i] != letter)
            return false;
    }
    return type[len] == '\0';
}

static enum attest_format find_format(const struct cmw_record *record)
{
    size_t len = strcspn(record->type, "; ");

    for (size_t i = 0; i < COUNT_OF(types); i++)
        if (len > 0 ? is_type(types[i].type, record->type, len)
                    : types[i].format != 0 && types[i].format == record->format)
            return types[i].is;
    return ATTEST_AUTO;
}

/* --- what is in it --------------------------------------------------------------------------- */

struct visit {
    struct attest_case *c;
    size_t evidence, others;
};

static void add_unknown(struct attest_case *c, const struct cmw_record *record)
{
    struct finding *finding = verdict_add(c->verdict, FINDING_CMW_TYPE);
    OWNED_BUF known = BUF_OF(KIB);

    for (size_t i = 0; i < COUNT_OF(types); i++)
        buf_printf(&known, "%s%s", i > 0 ? ", " : "", types[i].type);
    finding_expect(finding, "%s", buf_str(&known));
    if (record->type[0] != '\0')
        finding_got(finding, "%s", record->type);
    else
        finding_got(finding, "content format %llu", (unsigned long long)record->format);
}

static void check_record(const struct cmw_record *record, void *with)
{
    struct visit *visit = with;
    enum attest_format format = find_format(record);

    if ((record->indicator & CMW_EVIDENCE) == 0) {
        visit->others++;
        return;
    }
    visit->evidence++;
    if (format == ATTEST_AUTO)
        add_unknown(visit->c, record);
    else
        case_check(visit->c, format, record->value);
}

static void check(struct attest_case *c, struct span wrapper)
{
    struct visit visit = {.c = c};
    struct err err;

    if (cmw_walk(wrapper, check_record, &visit, &err) < 0) {
        verdict_add_err(c->verdict, FINDING_CMW_FORM, &err);
        return;
    }
    verdict_pass(c->verdict, FINDING_CMW_FORM);
    if (visit.others > 0)
        finding_got(verdict_add(c->verdict, FINDING_CMW_OTHER), "%zu", visit.others);
    if (visit.evidence == 0)
        finding_got(verdict_add(c->verdict, FINDING_CMW_EMPTY), "none");
}

/* --- signed ---------------------------------------------------------------------------------- */

static bool parse_signed(struct span evidence, struct cose_sign1 *ret)
{
    static const char *const contents[] = {"application/cmw+cbor", "application/cmw+json"};
    struct err unused;

    if (evidence.len == 0 || (evidence.data[0] != 0x84 && evidence.data[0] != 0xd2) ||
        cose_sign1_parse(evidence, ret, &unused) < 0 || ret->detached)
        return false;
    for (size_t i = 0; i < COUNT_OF(contents); i++)
        if (cbor_text_is(cbor_find_int(ret->protected_map, COSE_CONTENT_TYPE), contents[i]))
            return true;
    return false;
}

bool cmw_case_detect(struct span evidence)
{
    struct cose_sign1 message;
    struct err unused;

    return parse_signed(evidence, &message) || cmw_walk(evidence, NULL, NULL, &unused) == 0;
}

void cmw_case_check(struct attest_case *c, struct span evidence)
{
    struct cose_sign1 message;
    bool was_under = c->under_key;

    if (!parse_signed(evidence, &message)) {
        check(c, evidence);
        return;
    }
    verdict_open_item(c->verdict);
    if (token_case_verify_given(c, &message, NULL))
        verdict_prove_item(c->verdict);
    if (c->policy != NULL)
        verdict_appraise_item(c->verdict);
    c->under_key = true;
    check(c, message.payload);
    c->under_key = was_under;
}
