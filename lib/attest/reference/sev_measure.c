#include "lib/attest/reference/sev_measure.h"

#include "lib/attest/reference/sev_hashes.h"

#include <inttypes.h>

_Static_assert(sizeof(((struct sev_measurement *)0)->kernel_table) == SEV_HASHES_SIZE,
               "the table of kernel hashes fits");

const char *const sev_mode_names[] = {"snp", "snp:svsm", "seves", "sev", "snp:ovmf-hash", NULL};

/* --- before the virtual processors: SNP --- */

/* The page that holds the kernel hashes, all else of it zero. */
static int add_kernel_hashes(struct sev_measurement *m, const struct ovmf_section *section,
                             const struct sev_files *files, struct err *err)
{
    uint8_t page[SNP_PAGE_SIZE] = {0};
    uint32_t offset = m->ovmf.hash_table_gpa & (SNP_PAGE_SIZE - 1);

    if (!files->has_kernel) {
        snp_launch_add_empty(&m->launch, SNP_PAGE_ZERO, section->gpa,
                             section->size / SNP_PAGE_SIZE);
        return 0;
    }
    if (section->size != SNP_PAGE_SIZE)
        return err_set(err, ERR_INPUT,
                       "ovmf: the section for kernel hashes has %" PRIu32
                       " bytes, expected one page",
                       section->size);
    if (!m->ovmf.has_hash_table || offset + SEV_HASHES_SIZE > SNP_PAGE_SIZE)
        return err_set(err, ERR_INPUT, "ovmf: no room for the table of kernel hashes");
    sev_hashes_make(files->kernel, files->initrd, files->append, page + offset);
    snp_launch_add_page(&m->launch, SNP_PAGE_NORMAL, section->gpa, SPAN_OF_ARRAY(page));
    return 0;
}

static int add_section(struct sev_measurement *m, const struct ovmf_section *section,
                       const struct sev_files *files, struct err *err)
{
    uint64_t pages = section->size / SNP_PAGE_SIZE;

    switch (section->type) {
    case OVMF_SEC_MEM:
        snp_launch_add_empty(&m->launch, m->vmm == VMSA_GCE ? SNP_PAGE_UNMEASURED : SNP_PAGE_ZERO,
                             section->gpa, pages);
        return 0;
    case OVMF_SVSM_CAA:
        snp_launch_add_empty(&m->launch, SNP_PAGE_ZERO, section->gpa, pages);
        return 0;
    case OVMF_SECRETS:
        snp_launch_add_empty(&m->launch, SNP_PAGE_SECRETS, section->gpa, 1);
        return 0;
    case OVMF_CPUID:
        if (m->vmm != VMSA_EC2 && m->vmm != VMSA_EC2_OLD)
            snp_launch_add_empty(&m->launch, SNP_PAGE_CPUID, section->gpa, pages);
        return 0;
    case OVMF_KERNEL_HASHES: return add_kernel_hashes(m, section, files, err);
    default:
        return err_set(err, ERR_INPUT, "ovmf: SEV section of unknown type %" PRIu32, section->type);
    }
}

static int add_sections(struct sev_measurement *m, const struct sev_files *files, struct err *err)
{
    if (files->has_kernel && ovmf_find_section(&m->ovmf, OVMF_KERNEL_HASHES) == NULL)
        return err_set(err, ERR_INPUT,
                       "a kernel is given, but the metadata of this firmware has no section for "
                       "kernel hashes: kernel, initrd and command line would not be measured");
    for (size_t i = 0; i < m->ovmf.section_count; i++)
        if (add_section(m, &m->ovmf.sections[i], files, err) < 0)
            return -1;

    /* EC2 puts the CPUID pages behind everything else. */
    for (size_t i = 0; i < m->ovmf.section_count; i++)
        if (m->ovmf.sections[i].type == OVMF_CPUID &&
            (m->vmm == VMSA_EC2 || m->vmm == VMSA_EC2_OLD))
            snp_launch_add_empty(&m->launch, SNP_PAGE_CPUID, m->ovmf.sections[i].gpa,
                                 m->ovmf.sections[i].size / SNP_PAGE_SIZE);
    return 0;
}

static void begin_snp(struct sev_measurement *m, const struct sev_files *files,
                      struct digest *sha384)
{
    snp_launch_begin(&m->launch, sha384);
    if (files->snp_ovmf_hash != NULL)
        memcpy(m->launch.digest, files->snp_ovmf_hash, SHA384_SIZE);
    else
        snp_launch_add_region(&m->launch, ovmf_gpa(&m->ovmf), files->ovmf);
}

/* The SVSM lies right below the variable store, and the store below the firmware's code. */
static int begin_svsm(struct sev_measurement *m, const struct sev_files *files, struct err *err)
{
    uint64_t top = ovmf_gpa(&m->ovmf), gpa;
    struct ovmf svsm;

    if (ovmf_parse(files->svsm, &svsm, err) < 0)
        return err_wrap(err, "svsm");
    if (!svsm.has_svsm_info)
        return err_set(err, ERR_INPUT, "svsm: the image does not say where it starts");
    if (files->vars_size % SNP_PAGE_SIZE != 0 || files->vars_size + files->svsm.len > top)
        return err_set(err, ERR_INPUT, "svsm: a variable store of %" PRIu64 " bytes does not fit",
                       files->vars_size);

    gpa = top - files->vars_size - files->svsm.len;
    snp_launch_add_region(&m->launch, gpa, files->svsm);
    m->svsm_rip = (uint32_t)(gpa + svsm.svsm_launch_offset);
    m->ovmf = svsm; /* its sections are the ones that are launched */
    return add_sections(m, files, err);
}

/* --- before the virtual processors: SEV and SEV-ES --- */

static int begin_sev(struct sev_measurement *m, const struct sev_files *files, struct err *err)
{
    if (!files->has_kernel)
        return 0;
    if (!m->ovmf.has_hash_table)
        return err_set(err, ERR_INPUT,
                       "a kernel is given, but this firmware has no table for kernel "
                       "hashes: it would not be measured");
    sev_hashes_make(files->kernel, files->initrd, files->append, m->kernel_table);
    m->kernel_table_len = SEV_HASHES_SIZE;
    return 0;
}

int sev_measure_begin(enum sev_mode mode, enum vmsa_vmm vmm, const struct sev_files *files,
                      struct sev_measurement *ret, struct err *err)
{
    OWNED_DIGEST *sha384 = digest_new(DIGEST_SHA384);
    struct sev_measurement m = {.mode = mode, .vmm = vmm};

    if (ovmf_parse(files->ovmf, &m.ovmf, err) < 0)
        return -1;
    if (files->has_kernel && (mode == SEV_MODE_SNP_SVSM || mode == SEV_MODE_OVMF_HASH))
        return err_set(err, ERR_INPUT, "a kernel has no place in mode %s", sev_mode_names[mode]);

    if (mode != SEV_MODE_ES && mode != SEV_MODE_SEV)
        begin_snp(&m, files, sha384);
    if (mode == SEV_MODE_SNP && add_sections(&m, files, err) < 0)
        return -1;
    if (mode == SEV_MODE_SNP_SVSM && begin_svsm(&m, files, err) < 0)
        return -1;
    if ((mode == SEV_MODE_ES || mode == SEV_MODE_SEV) && begin_sev(&m, files, err) < 0)
        return -1;
    m.launch.sha384 = NULL;
    *ret = m;
    return 0;
}

/* --- the virtual processors --- */

int sev_measure_vmsas(const struct sev_measurement *m, const struct sev_vcpus *vcpus,
                      uint8_t bsp[static VMSA_SIZE], uint8_t ap[static VMSA_SIZE], struct err *err)
{
    struct vmsa_shape shape = {m->vmm, VMSA_BSP_EIP, vcpus->signature, vcpus->features};

    if (m->mode == SEV_MODE_SNP_SVSM) {
        vmsa_make_svsm(m->svsm_rip, vcpus->features, bsp);
        memcpy(ap, bsp, VMSA_SIZE);
        return 0;
    }
    if (m->mode == SEV_MODE_ES)
        shape.features = 0;
    vmsa_make(&shape, bsp);
    if (!m->ovmf.has_reset_block && vcpus->count > 1)
        return err_set(err, ERR_INPUT, "ovmf: no reset block, so more than one vCPU cannot start");
    shape.eip = m->ovmf.ap_eip;
    vmsa_make(&shape, ap);
    return 0;
}

/* Calls visit with the digest after each processor. */
static void add_vmsas(const struct sev_measurement *m, uint32_t count, const uint8_t *bsp,
                      const uint8_t *ap, sev_visit *visit, void *to)
{
    OWNED_DIGEST *sha384 = digest_new(DIGEST_SHA384);
    struct snp_launch launch = m->launch;
    uint8_t digest[SHA384_SIZE];

    launch.sha384 = sha384;
    snp_launch_add_page(&launch, SNP_PAGE_VMSA, SNP_VMSA_GPA, span_of(bsp, VMSA_SIZE));
    visit(to, 1, launch.digest);
    if (count > 1)
        digest_of(DIGEST_SHA384, span_of(ap, VMSA_SIZE), digest);
    for (uint32_t i = 2; i <= count; i++) {
        snp_launch_add_digest(&launch, SNP_PAGE_VMSA, SNP_VMSA_GPA, digest);
        visit(to, i, launch.digest);
    }
}

/* Keeps the last one. */
static void keep_digest(void *to, uint32_t count, const uint8_t digest[static SHA384_SIZE])
{
    (void)count;
    memcpy(to, digest, SHA384_SIZE);
}

static void finish_sev(const struct sev_measurement *m, const struct sev_vcpus *vcpus,
                       const uint8_t *bsp, const uint8_t *ap, uint8_t *ret)
{
    OWNED_DIGEST *digest = digest_new(DIGEST_SHA256);

    digest_add(digest, m->ovmf.image);
    digest_add(digest, span_of(m->kernel_table, m->kernel_table_len));
    for (uint32_t i = 0; m->mode == SEV_MODE_ES && i < vcpus->count; i++)
        digest_add(digest, span_of(i == 0 ? bsp : ap, VMSA_SIZE));
    digest_finish(digest, ret);
}

static int check_count(uint32_t count, struct err *err)
{
    if (count >= 1 && count <= SEV_VCPUS_MAX)
        return 0;
    return err_set(err, ERR_INPUT, "%" PRIu32 " vCPUs: expected 1 to %d", count, SEV_VCPUS_MAX);
}

int sev_measure_finish(const struct sev_measurement *m, const struct sev_vcpus *vcpus,
                       uint8_t ret[static SHA384_SIZE], size_t *ret_len, struct err *err)
{
    uint8_t bsp[VMSA_SIZE], ap[VMSA_SIZE];

    if (m->mode == SEV_MODE_OVMF_HASH) {
        memcpy(ret, m->launch.digest, SHA384_SIZE);
        *ret_len = SHA384_SIZE;
        return 0;
    }
    if (check_count(vcpus->count, err) < 0 || sev_measure_vmsas(m, vcpus, bsp, ap, err) < 0)
        return -1;
    if (m->mode == SEV_MODE_ES || m->mode == SEV_MODE_SEV) {
        finish_sev(m, vcpus, bsp, ap, ret);
        *ret_len = SHA256_SIZE;
    } else {
        add_vmsas(m, vcpus->count, bsp, ap, keep_digest, ret);
        *ret_len = SHA384_SIZE;
    }
    return 0;
}

int sev_measure_each(const struct sev_measurement *m, const struct sev_vcpus *vcpus,
                     sev_visit *visit, void *to, struct err *err)
{
    uint8_t bsp[VMSA_SIZE], ap[VMSA_SIZE];

    if (m->mode != SEV_MODE_SNP && m->mode != SEV_MODE_SNP_SVSM)
        return err_set(err, ERR_UNSUPPORTED, "mode %s has no digest for each number of vCPUs",
                       sev_mode_names[m->mode]);
    if (check_count(vcpus->count, err) < 0 || sev_measure_vmsas(m, vcpus, bsp, ap, err) < 0)
        return -1;
    add_vmsas(m, vcpus->count, bsp, ap, visit, to);
    return 0;
}
