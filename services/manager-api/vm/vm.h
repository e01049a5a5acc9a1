/* What the manager asks of a hypervisor, and nothing about how it is done.
 *
 * A VM is a persistent definition that carries our own record: who owns it, until when, what became
 * of it. The definitions are the only truth about which VMs exist; a manager that starts knows
 * nothing but what it lists here. So a provider keeps exactly what it is given and forgets nothing
 * when its process, or ours, is killed.
 *
 * All structs of this header are plain data: they are copied by assignment and own nothing. That is
 * what lets a call outlive its caller when a hypervisor hangs (see guard.h). */
#ifndef COCOS_MANAGER_VM_H
#define COCOS_MANAGER_VM_H

#include "lib/base/err.h"
#include "lib/host/gpu.h"
#include "lib/host/tee.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VM_ID_SIZE      37 /* a UUID in lower case */
#define VM_NAME_SIZE    64
#define VM_CVMS_SIZE    300
#define VM_KEY_SIZE     256
#define VM_DIGEST_SIZE  65
#define VM_KIND_SIZE    32
#define VM_TEXT_SIZE    512
#define VM_PATH_SIZE    1024
#define VM_CMDLINE_SIZE 2048
#define VM_NONCE_SIZE   32
#define VM_VERSION_SIZE 64
#define VM_MODEL_SIZE   64
#define VM_SOCKET_SIZE  108 /* what an address of a socket holds */
#define VM_CPUSET_SIZE  256
#define VM_BINDING_SIZE                                                                            \
    48 /* what the launch of a TDX guest carries; SEV-SNP: the first 32 bytes                      \
        */
#define VM_ID_BLOCK  96
#define VM_ID_AUTH   4096
#define VM_GPUS_MAX  8
#define VM_GPUS_SIZE (VM_GPUS_MAX * GPU_ADDRESS_SIZE) /* their addresses, with commas */

/* How far a VM has come, as it is kept on disk. What happens between VM_PHASE_READY and an end (the
 * guest boots, the agent answers) is seen, not kept. */
enum vm_phase {
    VM_PHASE_MAKING,   /* defined, not yet known to have started */
    VM_PHASE_READY,    /* started */
    VM_PHASE_STOPPED,  /* the guest powered itself off */
    VM_PHASE_FAILED,   /* it ended otherwise; failure_kind and failure_detail say how */
    VM_PHASE_EXPIRED,  /* its time to live ended */
    VM_PHASE_REMOVING, /* somebody asked for its end; whatever is left goes */
    VM_PHASE_COUNT
};

extern const char *const vm_phase_names[]; /* "making" ..., NULL-terminated */

/* What a confidential VM is protected by. */
enum vm_platform {
    VM_PLATFORM_VM, /* nothing */
    VM_PLATFORM_SNP,
    VM_PLATFORM_TDX,
    VM_PLATFORM_SEV,
    VM_PLATFORM_SEV_ES,
    VM_PLATFORM_COUNT
};

extern const char *const vm_platform_names[]; /* "vm" "snp" "tdx" "sev" "sev-es", NULL-terminated */

/* Our record of a VM: everything that must survive a kill of the manager. */
struct vm_record {
    char id[VM_ID_SIZE];
    char manager[VM_ID_SIZE]; /* the manager it belongs to, since several may share a hypervisor */
    char name[VM_NAME_SIZE];
    char owner[VM_NAME_SIZE];
    char image[VM_NAME_SIZE];
    enum vm_platform platform;
    enum vm_phase phase;
    uint32_t cpus;
    uint32_t memory_mib;
    uint16_t port;            /* on loopback, forwarded to the agent */
    uint16_t grpc_port;       /* the same to the gateway beside it; 0: there is none */
    char cvms[VM_CVMS_SIZE];  /* HOST:PORT that the guest is connected to; "" for none */
    bool debug;               /* the image is a debug image: the console may be read */
    char gpus[VM_GPUS_SIZE];  /* of the host, that it has: "0000:41:00.0,0000:42:00.0" */
    bool secure_boot;         /* the firmware starts nothing but what the image's key signed */
    int64_t created_at;       /* seconds since 1970 */
    int64_t expires_at;       /* 0: never */
    int64_t ended_at;         /* 0: has not ended */
    char boot_id[VM_ID_SIZE]; /* of the host; makes the next member meaningful */
    int64_t deadline_ms;      /* expires_at on the clock that never jumps; 0: never */
    char failure_kind[VM_KIND_SIZE];
    char failure_detail[VM_TEXT_SIZE];
    char idempotency_key[VM_KEY_SIZE]; /* "" when the client sent none */
    char body_sha256[VM_DIGEST_SIZE];  /* of the request that made it, hex */
    uint8_t nonce[VM_NONCE_SIZE];      /* the boot nonce that the share's config carries */
};

/* What the processor is told when it starts a protected VM; all of it ends up in its reports. The
 * platform is the record's. */
struct vm_protection {
    uint64_t policy;                  /* of the guest; TDX: its attributes */
    bool bound;                       /* the next member is there */
    uint8_t binding[VM_BINDING_SIZE]; /* SNP: host data; TDX: mrconfigid; zeros at the end */
    bool kernel_hashes; /* SNP, SEV: the firmware gets digests of kernel, initrd and command line */
    bool has_id;        /* SNP: the next three are there */
    uint8_t id_block[VM_ID_BLOCK];
    uint8_t id_auth[VM_ID_AUTH];
    bool author_key; /* the id block's key is signed by an author's */
    bool vlek;       /* SNP: reports are signed by the provider's key, not by the chip's own */
    bool has_owner;  /* TDX: the next two are there */
    uint8_t owner[VM_BINDING_SIZE];
    uint8_t owner_config[VM_BINDING_SIZE];
    char quote_socket[VM_SOCKET_SIZE]; /* TDX: where quotes are made; "" for none */
};

/* A device of the host on its PCI bus. */
struct vm_pci {
    uint16_t domain;
    uint8_t bus, slot, function;
};

/* Where and how a VM lies on the host. All zeros: wherever there is room. */
struct vm_place {
    char cpu_model[VM_MODEL_SIZE]; /* of libvirt; "": what suits the platform */
    bool memfd;                    /* memory that other processes could share */
    bool hugepages;
    bool has_node; /* memory and processors of one NUMA node */
    uint32_t node;
    char cpuset[VM_CPUSET_SIZE]; /* "0-15,32-47": of that node; "" for any */
    struct vm_pci gpus[VM_GPUS_MAX];
    unsigned gpu_count;
    uint32_t pci_window_gib; /* room for their memory; 0: what the firmware thinks */
};

/* What a definition needs beyond the record. Paths are absolute. */
struct vm_launch {
    struct vm_record record;
    struct vm_protection protection;
    struct vm_place place;
    char igvm[VM_PATH_SIZE]; /* takes the firmware's place; "" for none */
    char firmware[VM_PATH_SIZE];
    char kernel[VM_PATH_SIZE];
    char initrd[VM_PATH_SIZE];
    char cmdline[VM_CMDLINE_SIZE];
    /* In place of kernel, initrd and command line, when the record says secure_boot: */
    char variables[VM_PATH_SIZE]; /* of the firmware, with keys enrolled; each VM has a copy */
    char disk[VM_PATH_SIZE];      /* read-only; what the firmware starts lies on it */
    char in_dir[VM_PATH_SIZE];    /* exported read-only as cocos-in */
    char out_dir[VM_PATH_SIZE];   /* exported as cocos-out */
    char console[VM_PATH_SIZE];   /* where console text goes; "" for nowhere */
    bool kvm;                     /* the processor's own virtualisation, else emulation */
    uint32_t emulator_version;    /* whose words the arguments are in; see struct vm_hypervisor */
};

/* Why a VM that was on is off. */
enum vm_end {
    VM_END_UNKNOWN, /* nobody remembers */
    VM_END_GUEST,   /* the guest powered off */
    VM_END_KILLED   /* it crashed, or somebody killed it */
};

/* One definition as it was seen at a moment. */
struct vm_sighting {
    char id[VM_ID_SIZE];
    bool on;
    enum vm_end end; /* meaningful when off */
};

/* Resources in use. What the hypervisor does not count is false in the matching has_ member. */
struct vm_stats {
    bool on;
    uint32_t cpus;
    uint64_t cpu_time_ns;
    uint64_t memory_bytes; /* configured */
    bool has_resident;
    uint64_t resident_bytes; /* of the VM's process on the host */
    bool has_block;
    uint64_t block_read_bytes, block_written_bytes;
    bool has_net;
    uint64_t net_received_bytes, net_sent_bytes;
};

/* What there is to run VMs with. */
struct vm_hypervisor {
    char uri[256];
    char library[VM_VERSION_SIZE];     /* "libvirt 9.0.0" */
    char emulator[VM_VERSION_SIZE];    /* "QEMU 7.2.22"; "" when not known */
    uint32_t emulator_version;         /* the same as 7002022; 0 */
    char run_dir[256];                 /* where files tell the VMs' processes; see process.h */
    enum tee_switch offers[TEE_COUNT]; /* kinds of protection; TEE_ABSENT: it did not say */
    bool tpm;                          /* emulated TPMs can be given to VMs */
    bool pretends;                     /* libvirt's test driver: nothing runs */
    bool has_user;                     /* VMs run as a user of their own: uid and gid */
    uint32_t uid, gid;
};

/* A hypervisor. Calls may come from any thread and may block for as long as they like; vm/guard.h
 * bounds them. */
struct vm_provider;

struct vm_provider_ops {
    /* Errors of all: UNAVAILABLE (not reachable now; says what to do), TIMEOUT, SYSTEM (refused,
     * with its words). */
    int (*describe)(struct vm_provider *provider, struct vm_hypervisor *ret, struct err *err);

    /* All definitions that look like ours, also those of other managers; *ret is freed with
     * free(). */
    int (*list)(struct vm_provider *provider, struct vm_sighting **ret, size_t *ret_count,
                struct err *err);

    /* The record of one. NOT_FOUND when there is no definition, INPUT when it has no record that
     * can be read. */
    int (*read)(struct vm_provider *provider, const char *id, struct vm_record *ret,
                struct err *err);

    /* Makes the definition, or replaces that of the same id. */
    int (*define)(struct vm_provider *provider, const struct vm_launch *launch, struct err *err);

    /* Replaces the record of a definition. NOT_FOUND. */
    int (*write)(struct vm_provider *provider, const struct vm_record *record, struct err *err);

    /* Starts it. STATE when the record's port was taken by somebody else in the meantime. */
    int (*start)(struct vm_provider *provider, const char *id, struct err *err);

    /* Ends it at once; one that is off, or not there, is fine. */
    int (*stop)(struct vm_provider *provider, const char *id, struct err *err);

    /* Removes the definition with its TPM state, variables and logs; one not there is fine. */
    int (*undefine)(struct vm_provider *provider, const char *id, struct err *err);

    int (*measure)(struct vm_provider *provider, const char *id, struct vm_stats *ret,
                   struct err *err);

    /* Ends it; no call may be under way. */
    void (*close)(struct vm_provider *provider);
};

struct vm_provider {
    const struct vm_provider_ops *ops;
};

/* What a provider tells on its own: something changed, look again. May be called from any thread;
 * must not call back. */
struct vm_watcher {
    void (*changed)(void *ctx);
    void *ctx;
};

#endif
