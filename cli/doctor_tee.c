#include "cli/doctor_tee.h"

#include "lib/base/child.h"

#include <string.h>

#define LIBVIRT_WAIT_MS  15000
#define CAPABILITIES_MAX (4 * MIB)

/* What virsh prints about a kind that libvirt and its QEMU offer, and what it prints when they do
 * not after all. */
static const struct {
    const char *yes, *no;
} words[TEE_COUNT] = {
    [TEE_SNP] = {"<value>sev-snp</value>", NULL},
    [TEE_TDX] = {"<value>tdx</value>", NULL},
    [TEE_SEV] = {"<sev supported='yes'", NULL},
    [TEE_SEV_ES] = {"<sev supported='yes'", "<maxESGuests>0<"},
};

static void ask_libvirt(const char *uri, struct tee_probe *probe)
{
    const char *argv[] = {"virsh", "-q", "-c", uri, "domcapabilities", "--machine", "q35", NULL};
    OWNED_BUF out = BUF_OF(CAPABILITIES_MAX);
    struct child_result result = {0};
    struct err ignored;

    if (child_run(argv, LIBVIRT_WAIT_MS, &out, NULL, &result, &ignored) < 0 ||
        result.exit_code != 0 || out.len == 0)
        return;
    for (size_t i = 0; i < TEE_COUNT; i++) {
        bool offered = strstr(buf_str(&out), words[i].yes) != NULL &&
                       (words[i].no == NULL || strstr(buf_str(&out), words[i].no) == NULL);

        probe->libvirt[i] = offered ? TEE_ON : TEE_OFF;
    }
}

void doctor_judge_tee(enum tee tee, const char *libvirt_uri, const char *root,
                      const struct tee_cpu *cpu, struct tee_verdict *ret)
{
    struct tee_probe probe;

    tee_probe(root, cpu, &probe);
    for (size_t i = 0; i < TEE_COUNT; i++)
        probe.libvirt[i] = TEE_ON;
    tee_judge(tee, &probe, ret);
    if (!ret->available)
        return;
    for (size_t i = 0; i < TEE_COUNT; i++)
        probe.libvirt[i] = TEE_ABSENT;
    ask_libvirt(libvirt_uri, &probe);
    tee_judge(tee, &probe, ret);
}
