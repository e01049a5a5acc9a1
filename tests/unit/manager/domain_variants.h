/* Launches of every platform with every option that a definition has, for the tests of definitions.
 */
#ifndef COCOS_TESTS_MANAGER_DOMAIN_VARIANTS_H
#define COCOS_TESTS_MANAGER_DOMAIN_VARIANTS_H

#include "tests/unit/manager/scratch.h"

#include "services/manager-api/vm/domain.h"

/* Options, each a bit. */
enum variant_option {
    VARIANT_KVM = 1,
    VARIANT_CONSOLE = 2,
    VARIANT_BOUND = 4,    /* to a manifest */
    VARIANT_IDENTITY = 8, /* id block, or owner */
    VARIANT_QUOTES = 16,
    VARIANT_IGVM = 32,
    VARIANT_PLACE = 64, /* model, hugepages, node */
    VARIANT_GPU = 128,
    VARIANT_VLEK = 256,
    VARIANT_HASHES = 512,
    VARIANT_GRPC = 1024,
    VARIANT_ALL = 2047,
    VARIANT_SECURE_BOOT = 2048, /* of plain VMs */
    VARIANT_CVMS = 4096,
    VARIANT_OLD_QEMU = 8192 /* of Debian 12 */
};

struct variant {
    const char *name; /* of its golden file */
    enum vm_platform platform;
    unsigned options;
};

static const struct variant variants[] = {
    {"tcg", VM_PLATFORM_VM, 0},
    {"tcg_grpc", VM_PLATFORM_VM, VARIANT_GRPC},
    {"tcg_cvms", VM_PLATFORM_VM, VARIANT_GRPC | VARIANT_CVMS},
    {"tcg_cvms_old", VM_PLATFORM_VM, VARIANT_GRPC | VARIANT_CVMS | VARIANT_OLD_QEMU},
    {"kvm_debug", VM_PLATFORM_VM, VARIANT_KVM | VARIANT_CONSOLE},
    {"kvm_place_gpu", VM_PLATFORM_VM, VARIANT_KVM | VARIANT_PLACE | VARIANT_GPU},
    {"secure_boot", VM_PLATFORM_VM, VARIANT_SECURE_BOOT},
    {"snp", VM_PLATFORM_SNP, VARIANT_KVM},
    {"snp_full", VM_PLATFORM_SNP, VARIANT_ALL & ~VARIANT_IGVM},
    {"snp_igvm", VM_PLATFORM_SNP, VARIANT_KVM | VARIANT_BOUND | VARIANT_IGVM},
    {"tdx", VM_PLATFORM_TDX, VARIANT_KVM},
    {"tdx_full", VM_PLATFORM_TDX, VARIANT_ALL & ~VARIANT_IGVM},
    {"tdx_igvm", VM_PLATFORM_TDX, VARIANT_KVM | VARIANT_BOUND | VARIANT_QUOTES | VARIANT_IGVM},
    {"sev", VM_PLATFORM_SEV, VARIANT_KVM | VARIANT_HASHES},
    {"sev_es", VM_PLATFORM_SEV_ES, VARIANT_KVM | VARIANT_HASHES},
};

static inline void fill(uint8_t *bytes, size_t len, uint8_t first)
{
    for (size_t i = 0; i < len; i++)
        bytes[i] = (uint8_t)(first + i);
}

static inline void protect(struct vm_launch *launch, unsigned options)
{
    static const uint64_t policies[VM_PLATFORM_COUNT] = {0, 0x30000, 0x10000000, 0x3, 0x7};
    struct vm_protection *protection = &launch->protection;

    protection->policy = policies[launch->record.platform];
    protection->bound = (options & VARIANT_BOUND) != 0;
    protection->has_id = protection->author_key = protection->has_owner =
        (options & VARIANT_IDENTITY) != 0;
    protection->vlek = (options & VARIANT_VLEK) != 0;
    protection->kernel_hashes = (options & VARIANT_HASHES) != 0;
    fill(protection->binding, 32, 0x10);
    fill(protection->id_block, sizeof(protection->id_block), 0x20);
    fill(protection->id_auth, 64, 0x30);
    fill(protection->owner, sizeof(protection->owner), 0x40);
    fill(protection->owner_config, sizeof(protection->owner_config), 0x50);
    if ((options & VARIANT_QUOTES) != 0)
        set_text(protection->quote_socket, "/var/run/tdx-qgs/qgs.socket");
}

static inline void place(struct vm_launch *launch, unsigned options)
{
    if ((options & VARIANT_PLACE) != 0) {
        launch->place =
            (struct vm_place){.hugepages = true, .memfd = true, .has_node = true, .node = 1};
        set_text(launch->place.cpu_model, "EPYC-Milan");
        set_text(launch->place.cpuset, "16-31,48-63");
    }
    if ((options & VARIANT_GPU) != 0) {
        launch->place.gpus[0] = (struct vm_pci){0, 0x41, 0, 0};
        launch->place.gpus[1] = (struct vm_pci){0x10000 - 1, 0xff, 0x1f, 7};
        launch->place.gpu_count = 2;
        launch->place.pci_window_gib = 512;
    }
}

static inline struct vm_launch launch_of(enum vm_platform platform, unsigned options)
{
    struct vm_launch launch = {
        .record = {.id = "0f9d5c9e-1a70-4f0e-9f0a-5d0f5f6c7a11",
                   .manager = "11111111-2222-4333-8444-555555555555",
                   .name = "iris-1",
                   .owner = "alice",
                   .image = "eos",
                   .platform = platform,
                   .cpus = 2,
                   .memory_mib = 768,
                   .port = 20017,
                   .grpc_port = (options & VARIANT_GRPC) != 0 ? 20018 : 0,
                   .debug = (options & VARIANT_CONSOLE) != 0,
                   .created_at = 1700000000,
                   .boot_id = "99999999-2222-4333-8444-555555555555",
                   .body_sha256 = "00"},
        .firmware = "/images/eos/OVMF_CODE.fd",
        .kernel = "/images/eos/vmlinuz",
        .initrd = "/images/eos/initrd",
        .cmdline = "console=ttyS0 quiet panic=-1",
        .in_dir = "/state/vms/0f9d5c9e/in",
        .out_dir = "/state/vms/0f9d5c9e/out",
        .kvm = (options & VARIANT_KVM) != 0,
        .emulator_version = (options & VARIANT_OLD_QEMU) != 0 ? 9001003 : 9002000,
    };

    if ((options & VARIANT_CONSOLE) != 0)
        set_text(launch.console, "/state/vms/0f9d5c9e/console.log");
    if ((options & VARIANT_IGVM) != 0)
        set_text(launch.igvm, "/images/eos/a,b.igvm");
    if ((options & VARIANT_SECURE_BOOT) != 0) {
        launch.record.secure_boot = true;
        launch.kernel[0] = launch.initrd[0] = launch.cmdline[0] = '\0';
        set_text(launch.firmware, "/images/eos/OVMF_CODE.secboot.fd");
        set_text(launch.variables, "/images/eos/secboot.vars.fd");
        set_text(launch.disk, "/images/eos/secboot.img");
    }
    protect(&launch, options);
    if ((options & VARIANT_CVMS) != 0)
        set_text(launch.record.cvms, "[::1]:7001");
    place(&launch, options);
    return launch;
}

#endif
