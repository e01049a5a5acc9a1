#include "lib/attest/reference/igvm.h"

#include "lib/attest/reference/snp_launch.h"
#include "lib/attest/reference/tdx_launch.h"
#include "lib/base/reader.h"

#include <inttypes.h>

#define VMSA_CR0 0x158u

enum page_flag { PAGE_FLAG_UNMEASURED = 2 };

enum page_kind { PAGE_KIND_NORMAL, PAGE_KIND_SECRETS, PAGE_KIND_CPUID, PAGE_KIND_CPUID_XF };

/* One measurement under way; which members count depends on the platform. */
struct walk {
    const struct igvm *igvm;
    unsigned flags;
    uint32_t mask;
    struct igvm_measurement *ret;
    struct snp_launch snp;
    struct digest *sev;
    struct tdx_launch *tdx;
    const struct platform *platform;
};

/* What each platform does with a page and with the state of a processor. */
struct platform {
    enum igvm_platform id;
    size_t digest_len;
    void (*page)(struct walk *walk, uint64_t gpa, enum page_kind kind, bool measured,
                 struct span content);
    void (*vp)(struct walk *walk, uint64_t gpa, struct span content);
};

static const uint8_t zero_page[SNP_PAGE_SIZE];

/* --- SNP --- */

static void snp_page(struct walk *walk, uint64_t gpa, enum page_kind kind, bool measured,
                     struct span content)
{
    enum snp_page_type type = SNP_PAGE_NORMAL;

    if (kind == PAGE_KIND_SECRETS)
        type = SNP_PAGE_SECRETS;
    else if (kind != PAGE_KIND_NORMAL)
        type = SNP_PAGE_CPUID;
    else if (!measured)
        type = SNP_PAGE_UNMEASURED;
    else if (content.len == 0 && (walk->flags & IGVM_NATIVE_ZERO))
        type = SNP_PAGE_ZERO;
    else if (content.len == 0)
        content = SPAN_OF_ARRAY(zero_page);
    snp_launch_add_page(&walk->snp, type, gpa, content);
}

static void snp_vp(struct walk *walk, uint64_t gpa, struct span content)
{
    snp_launch_add_page(&walk->snp, SNP_PAGE_VMSA, gpa, content);
}

/* --- SEV and SEV-ES: one SHA-256 over the bytes, in order --- */

static void sev_page(struct walk *walk, uint64_t gpa, enum page_kind kind, bool measured,
                     struct span content)
{
    (void)gpa;
    if (measured && kind == PAGE_KIND_NORMAL)
        digest_add(walk->sev, content.len > 0 ? content : SPAN_OF_ARRAY(zero_page));
}

static void sev_vp(struct walk *walk, uint64_t gpa, struct span content)
{
    (void)gpa;
    if (walk->platform->id == IGVM_SEV_ES)
        digest_add(walk->sev, content);
}

/* --- TDX: the state of processors is the module's own, never measured --- */

static void tdx_page(struct walk *walk, uint64_t gpa, enum page_kind kind, bool measured,
                     struct span content)
{
    tdx_launch_add_page(walk->tdx, gpa);
    if (measured && kind == PAGE_KIND_NORMAL)
        tdx_launch_extend_page(walk->tdx, gpa, content);
}

static void tdx_vp(struct walk *walk, uint64_t gpa, struct span content)
{
    (void)walk, (void)gpa, (void)content;
}

static const struct platform platforms[] = {
    {IGVM_SNP, SHA384_SIZE, snp_page, snp_vp},
    {IGVM_SEV, SHA256_SIZE, sev_page, sev_vp},
    {IGVM_SEV_ES, SHA256_SIZE, sev_page, sev_vp},
    {IGVM_TDX, SHA384_SIZE, tdx_page, tdx_vp},
};

/* --- the walk --- */

static int walk_page(struct walk *walk, const struct igvm_header *header, struct err *err)
{
    struct reader r = reader_of(header->data);
    uint64_t gpa = read_le64(&r);
    uint32_t mask = read_le32(&r);
    uint32_t offset = read_le32(&r);
    bool measured = (read_le32(&r) & PAGE_FLAG_UNMEASURED) == 0;
    uint16_t kind = read_le16(&r);
    struct span content = span_of(NULL, 0);

    if ((mask & walk->mask) == 0)
        return 0;
    if (kind > PAGE_KIND_CPUID_XF)
        return err_set(err, ERR_INPUT, "igvm: page at offset %zu has unknown kind %u",
                       header->offset, kind);
    if (offset != 0)
        content = span_part(walk->igvm->file, offset, SNP_PAGE_SIZE);
    walk->ret->unmeasured += !measured;
    walk->ret->after_vp += walk->ret->vp_count > 0;
    walk->platform->page(walk, gpa, (enum page_kind)kind, measured, content);
    return 0;
}

/* One unmeasured page for each area, whatever its size, as igvmmeasure has it. */
static int walk_insert(struct walk *walk, const struct igvm_header *header, struct err *err)
{
    struct reader r = reader_of(header->data);
    uint64_t gpa = read_le64(&r);

    if ((read_le32(&r) & walk->mask) == 0)
        return 0;
    if ((walk->flags & IGVM_CHECK_KVM) && walk->ret->vp_count > 0)
        return err_set(err, ERR_INPUT,
                       "igvm: parameters at offset %zu follow a VP context, which "
                       "KVM measures last",
                       header->offset);
    walk->ret->unmeasured++;
    walk->platform->page(walk, gpa, PAGE_KIND_NORMAL, false, span_of(NULL, 0));
    return 0;
}

static int check_kvm(const struct walk *walk, uint64_t gpa, struct span vmsa, struct err *err)
{
    struct reader r = reader_of(vmsa);
    uint64_t cr0;

    read_skip(&r, VMSA_CR0);
    cr0 = read_le64(&r);
    if (walk->ret->vp_count > 0)
        return err_set(err, ERR_INPUT, "igvm: KVM takes one VP context, the file has more");
    if (gpa != SNP_VMSA_GPA)
        return err_set(err, ERR_INPUT,
                       "igvm: KVM puts the VP context at 0x%llx, the file at 0x%" PRIx64,
                       SNP_VMSA_GPA, gpa);
    if (cr0 != 0x31 && cr0 != 0x30)
        return err_set(err, ERR_INPUT, "igvm: KVM starts with CR0 0x31, the file has 0x%" PRIx64,
                       cr0);
    return 0;
}

static int walk_vp(struct walk *walk, const struct igvm_header *header, struct err *err)
{
    struct reader r = reader_of(header->data);
    uint64_t gpa = read_le64(&r);
    struct span content;

    read_skip(&r, 4); /* igvmmeasure does not look at the mask of a VP context; neither do we */
    content = span_part(walk->igvm->file, read_le32(&r), SNP_PAGE_SIZE);
    if ((walk->flags & IGVM_CHECK_KVM) && check_kvm(walk, gpa, content, err) < 0)
        return -1;
    walk->platform->vp(walk, gpa, content);
    walk->ret->vp_count++;
    return 0;
}

static const struct {
    uint32_t type;
    int (*step)(struct walk *walk, const struct igvm_header *header, struct err *err);
} steps[] = {
    {IGVM_PAGE_DATA, walk_page},
    {IGVM_PARAMETER_INSERT, walk_insert},
    {IGVM_VP_CONTEXT, walk_vp},
};

static int walk_all(struct walk *walk, struct err *err)
{
    struct igvm_header header;
    size_t at = 0;

    while (igvm_next(walk->igvm, &at, &header))
        for (size_t i = 0; i < COUNT_OF(steps); i++)
            if (steps[i].type == header.type && steps[i].step(walk, &header, err) < 0)
                return -1;
    return 0;
}

static int check_id_block(const struct walk *walk, struct err *err)
{
    const struct igvm *igvm = walk->igvm;

    if (walk->platform->id != IGVM_SNP || !igvm->has_id_block ||
        (walk->flags & IGVM_IGNORE_IDBLOCK))
        return 0;
    if (!span_equal(span_of(walk->ret->digest, SHA384_SIZE), SPAN_OF_ARRAY(igvm->id_block_digest)))
        return err_set(err, ERR_INPUT,
                       "igvm: the ID block names another launch digest than the pages give, which "
                       "would not launch; it may be made for pages of zeros %s --native-zero",
                       (walk->flags & IGVM_NATIVE_ZERO) ? "without" : "with");
    return 0;
}

static const struct platform *find_platform(enum igvm_platform id)
{
    for (size_t i = 0; i < COUNT_OF(platforms); i++)
        if (platforms[i].id == id)
            return &platforms[i];
    return NULL;
}

int igvm_measure(const struct igvm *igvm, enum igvm_platform platform, unsigned flags,
                 struct igvm_measurement *ret, struct err *err)
{
    OWNED_DIGEST *sev = digest_new(DIGEST_SHA256), *sha384 = digest_new(DIGEST_SHA384);
    OWNED_OF(tdx_launch) *tdx = tdx_launch_new();
    struct walk walk = {.igvm = igvm,
                        .flags = flags,
                        .ret = ret,
                        .sev = sev,
                        .tdx = tdx,
                        .platform = find_platform(platform),
                        .mask = igvm->masks[platform]};

    *ret = (struct igvm_measurement){0};
    if (walk.platform == NULL)
        return err_set(err, ERR_UNSUPPORTED, "igvm: platform %s has no launch digest",
                       igvm_platform_names[platform]);
    if (walk.mask == 0)
        return err_set(err, ERR_INPUT, "igvm: the file does not support platform %s",
                       igvm_platform_names[platform]);

    snp_launch_begin(&walk.snp, sha384);
    if (walk_all(&walk, err) < 0)
        return -1;
    ret->len = walk.platform->digest_len;
    if (platform == IGVM_SNP)
        memcpy(ret->digest, walk.snp.digest, SHA384_SIZE);
    else if (platform == IGVM_TDX)
        tdx_launch_finish(tdx, ret->digest);
    else
        digest_finish(sev, ret->digest);
    return check_id_block(&walk, err);
}
