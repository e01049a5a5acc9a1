/* AMD's key distribution service (AMD 57230): authorities and revocation lists of a product, and
 * the certificate of the one chip and TCB that signed a report. */
#include "cli/bundle.h"

#include "cli/cached.h"
#include "cli/print.h"
#include "lib/attest/endorsement/snp_authority.h"
#include "lib/base/text.h"
#include "lib/crypto/x509.h"

#include <stdio.h>
#include <strings.h>

#define SERVICE   "AMD's KDS"
#define KDS_URL   "https://kdsintf.amd.com"
#define CERTS_MAX (64 * KIB)
#define TEXT_MAX  1024

/* Names under which processors are sold, and whose keys they have. */
static const struct {
    const char *name;
    enum snp_product product;
} names[] = {
    {"Milan", SNP_MILAN}, {"Genoa", SNP_GENOA}, {"Bergamo", SNP_GENOA},
    {"Siena", SNP_GENOA}, {"Turin", SNP_TURIN},
};

/* The two families of keys. */
static const struct family {
    bool vlek;
    const char *path, *what;
} families[] = {
    {false, "vcek", "ASK and ARK"},
    {true, "vlek", "ASVK and ARK"},
};

struct amd {
    struct bundle *bundle;
    enum snp_product product;
    const char *product_name;
    const char *url;
    struct buf certs[COUNT_OF(families)], crls[COUNT_OF(families)];
};

static void amd_done(struct amd *amd)
{
    for (size_t i = 0; i < COUNT_OF(families); i++) {
        buf_done(&amd->certs[i]);
        buf_done(&amd->crls[i]);
    }
}
#define OWNED_AMD __attribute__((cleanup(amd_done))) struct amd

/* --- authorities ---------------------------------------------------------------------------------
 */

struct authority_ctx {
    enum snp_product product;
    bool vlek;
    struct span certs; /* of the list; empty while they are what is checked */
};

static int check_authority(const struct bundle *bundle, const struct piece *piece,
                           struct span bytes, int64_t *ret_until, struct err *err)
{
    const struct authority_ctx *ctx = piece->ctx;
    struct snp_authority of = {
        .product = ctx->product, .vlek = ctx->vlek, .trust_roots = bundle->roots};

    of.certs = ctx->certs.len > 0 ? ctx->certs : bytes;
    if (ctx->certs.len > 0)
        of.crl = bytes;
    return snp_authority_check(&of, bundle->now, ret_until, err);
}

static int obtain_family(struct amd *amd, size_t index, struct err *err)
{
    const struct family *family = &families[index];
    OWNED(free_str)
    char *certs_name = mem_printf("%s/%s", amd->product_name, CACHED_CHAIN(family->vlek));
    OWNED(free_str)
    char *crl_name = mem_printf("%s/%s", amd->product_name, CACHED_CRL(family->vlek));
    OWNED(free_str)
    char *base = mem_printf("%s/%s/v1/%s", amd->url, family->path, amd->product_name);
    OWNED(free_str) char *certs_url = mem_printf("%s/cert_chain", base);
    OWNED(free_str) char *crl_url = mem_printf("%s/crl", base);
    OWNED(free_str) char *certs_what = mem_printf("%s of %s", family->what, amd->product_name);
    OWNED(free_str)
    char *crl_what = mem_printf("revocation list of ARK-%s (%s)", amd->product_name, family->path);
    struct authority_ctx ctx = {.product = amd->product, .vlek = family->vlek};
    struct piece piece = {.name = certs_name,
                          .what = certs_what,
                          .max = CERTS_MAX,
                          .fetch = bundle_download_piece,
                          .service = SERVICE,
                          .check = check_authority,
                          .url = certs_url,
                          .ctx = &ctx};

    if (bundle_obtain(amd->bundle, &piece, &amd->certs[index], err) < 0)
        return -1;
    ctx.certs = buf_span(&amd->certs[index]);
    piece = (struct piece){.name = crl_name,
                           .what = crl_what,
                           .max = X509_CRL_SIZE_MAX,
                           .ages = true,
                           .fetch = bundle_download_piece,
                           .service = SERVICE,
                           .check = check_authority,
                           .url = crl_url,
                           .ctx = &ctx};
    return bundle_obtain(amd->bundle, &piece, &amd->crls[index], err);
}

/* --- the key that signed the report --------------------------------------------------------------
 */

static int check_vcek(const struct bundle *bundle, const struct piece *piece, struct span bytes,
                      int64_t *ret_until, struct err *err)
{
    const struct amd *amd = piece->ctx;
    const struct span chain[] = {buf_span(&amd->certs[0])}, crls[] = {buf_span(&amd->crls[0])};
    struct attest_input in = {.vek = bytes, .chain = {chain, 1}, .crls = {crls, 1}};
    OWNED_X509 *cert = NULL;

    if (x509_parse(bytes, &cert, err) < 0)
        return -1;
    *ret_until = x509_not_after(cert);
    return bundle_check_evidence(bundle, &in, err);
}

/* "blSPL=3&teeSPL=0&...", in the order in which AMD writes it. */
static void write_tcb(const struct snp_tcb *tcb, struct buf *out)
{
    static const char *const keys[SNP_TCB_PARTS] = {
        [SNP_TCB_FMC] = "fmcSPL", [SNP_TCB_BL] = "blSPL",       [SNP_TCB_TEE] = "teeSPL",
        [SNP_TCB_SNP] = "snpSPL", [SNP_TCB_UCODE] = "ucodeSPL",
    };
    const char *separator = "";

    for (int i = 0; i < SNP_TCB_PARTS; i++) {
        if (!tcb->has[i])
            continue;
        buf_printf(out, "%s%s=%02u", separator, keys[i], tcb->svn[i]);
        separator = "&";
    }
}

/* Chip and TCB, as the report names them. */
static int read_signer(const struct amd *amd, const struct json *snp, struct buf *chip,
                       struct buf *tcb, uint64_t *ret_raw, struct err *err)
{
    const char *chip_id = json_get_str(snp, "chip_id");
    const char *raw = json_get_str(json_get(snp, "reported_tcb"), "raw");
    const char *product = json_get_str(snp, "product");
    struct snp_tcb parts;

    if (chip_id == NULL || raw == NULL)
        return err_set(err, ERR_INPUT, "the evidence holds no SNP report");
    if (product != NULL && strcmp(product, amd->product_name) != 0 &&
        snp_product_of_name(product) != SNP_PRODUCT_UNKNOWN)
        return err_set(err, ERR_USAGE, "the report is of a %s, not of a %s", product,
                       amd->product_name);
    buf_add_span(chip, span_part(span_of_str(chip_id), 0,
                                 2 * (amd->product == SNP_TURIN ? SNP_CHIP_ID_SIZE_TURIN
                                                                : SNP_CHIP_ID_SIZE)));
    if (strspn(buf_str(chip), "0") == chip->len)
        return err_set(err, ERR_INPUT,
                       "the report hides its chip: only the machine's owner can say which VCEK "
                       "signed it; ask for the certificate, or for a report with its chip id");
    *ret_raw = strtoull(raw, NULL, 16);
    parts = snp_tcb_of(*ret_raw, amd->product);
    write_tcb(&parts, tcb);
    return 0;
}

static int obtain_vcek(struct amd *amd, struct err *err)
{
    const struct json *snp = json_get(amd->bundle->claims, "snp");
    OWNED_BUF chip = BUF_OF(TEXT_MAX), tcb = BUF_OF(TEXT_MAX), cert = BUF_OF(CERTS_MAX);
    OWNED(free_str) char *name = NULL, *url = NULL;
    struct piece piece = {.what = "VCEK of the report's chip and TCB",
                          .max = CERTS_MAX,
                          .fetch = bundle_download_piece,
                          .service = SERVICE,
                          .check = check_vcek,
                          .ctx = amd};
    const char *kind = json_get_str(snp, "signing_key");
    uint64_t raw = 0;

    if (kind != NULL && strcmp(kind, "vcek") != 0) {
        say("the report is signed with a %s: AMD gives its certificate to the cloud provider "
            "alone, "
            "so it comes with the evidence",
            kind);
        return 0;
    }
    if (read_signer(amd, snp, &chip, &tcb, &raw, err) < 0)
        return -1;
    name = cached_vcek_name(amd->product_name, buf_str(&chip), raw);
    url = mem_printf("%s/vcek/v1/%s/%s?%s", amd->url, amd->product_name, buf_str(&chip),
                     buf_str(&tcb));
    piece.name = name;
    piece.url = url;
    if (bundle_obtain(amd->bundle, &piece, &cert, err) == 0)
        return 0;
    if (err->kind == ERR_NOT_FOUND && !amd->bundle->options->offline)
        return err_wrap(err, "AMD knows no %s of this chip and TCB (is the report genuine?)",
                        amd->product_name);
    return -1;
}

int bundle_fetch_amd(struct bundle *bundle, const char *product, struct err *err)
{
    OWNED_AMD amd = {.bundle = bundle,
                     .url = bundle->options->kds_url != NULL ? bundle->options->kds_url : KDS_URL};

    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (strcasecmp(names[i].name, product) == 0)
            amd.product = names[i].product;
    if (amd.product == SNP_PRODUCT_UNKNOWN)
        return err_set(err, ERR_UNSUPPORTED, "'%.40s' is no product of AMD", product);
    amd.product_name = snp_product_name(amd.product);
    for (size_t i = 0; i < COUNT_OF(families); i++) {
        amd.certs[i] = BUF_OF(CERTS_MAX);
        amd.crls[i] = BUF_OF(X509_CRL_SIZE_MAX);
        if (obtain_family(&amd, i, err) < 0)
            return -1;
    }
    return bundle->claims != NULL ? obtain_vcek(&amd, err) : 0;
}
