/* The documents of the manager's API as structs: what a client asks for and what it is told. One
 * field table each serves the manager, the CLI and the gateway. */
#ifndef COCOS_API_VM_H
#define COCOS_API_VM_H

#include "lib/base/mem.h"
#include "lib/json/table.h"

#define VM_NAME_MAX       63
#define VM_API_GPUS_MAX   8
#define VM_CPUS_MAX       64
#define VM_MEMORY_MIB_MIN 128
#define VM_MEMORY_MIB_MAX (1024 * 1024)
#define VM_TTL_MS_MIN     1000ULL
#define VM_TTL_MS_MAX     (366ULL * 24 * 3600 * 1000)

/* What may be asked for and what is given; "auto" is asked for only. */
enum api_platform { API_PLATFORM_AUTO, API_PLATFORM_VM, API_PLATFORM_SNP, API_PLATFORM_TDX };
extern const char *const api_platform_names[]; /* "auto" "vm" "snp" "tdx" */

enum api_vm_state {
    API_VM_PROVISIONING, /* being made */
    API_VM_BOOTING,      /* started; the agent has not been heard yet */
    API_VM_ATTESTING,    /* the agent is there, the manager looks at its evidence */
    API_VM_RUNNING,      /* the agent answered */
    API_VM_FAILED,       /* ended, or never came up; see failure */
    API_VM_STOPPING,     /* being removed */
    API_VM_STOPPED,      /* the guest powered itself off */
    API_VM_EXPIRED       /* its time to live ended */
};
extern const char *const api_vm_state_names[]; /* "provisioning" ... */

enum api_attestation { API_UNCHECKED, API_ACCEPTED, API_REJECTED };
extern const char *const api_attestation_names[]; /* "unchecked" "accepted" "rejected" */

extern const char *const api_log_level_names[]; /* "debug" "info" "warn" "error" */

/* The body of create_vm. */
struct vm_spec {
    char *name;
    char *image;
    int platform; /* enum api_platform */
    uint32_t cpus;
    uint32_t memory_mib; /* 0: what the image wants */
    uint64_t ttl;        /* milliseconds; 0: no end */
    bool secure_boot;
    struct json_strings gpus; /* of the host, by their addresses */
    struct json *manifest;
    char *owner_key; /* PEM */
    char *cvms_url;  /* see cvms_url.h */
    char *cvms_ca;   /* PEM: the authorities of its certificate */
    int log_level;   /* index into api_log_level_names */
    bool grpc;       /* with the gateway beside the agent */
};
extern const struct json_table vm_spec_table;

/* The defaults that a spec has before it is decoded. */
#define VM_SPEC_DEFAULTS ((struct vm_spec){.cpus = 1, .log_level = 1})

struct vm_agent {
    int64_t last_seen; /* seconds since 1970; 0: never */
    bool silent;
};

struct vm_computation {
    char *id;
    char *state;
};

struct vm_failure {
    char *kind;
    char *detail;
};

/* A VM as it is told. */
struct vm {
    char *id;
    char *name;
    char *owner;
    char *image;
    int platform; /* enum api_platform */
    uint32_t cpus;
    uint32_t memory_mib;
    bool secure_boot;
    struct json_strings gpus;
    int state;       /* enum api_vm_state */
    int attestation; /* enum api_attestation */
    char *agent_url;
    char *grpc_url;
    char *agent_pin; /* "sha256//base64", as curl's --pinnedpubkey takes it */
    struct vm_agent agent;
    struct vm_computation computation;
    struct vm_failure failure;
    int64_t created_at;
    int64_t expires_at; /* 0: never */
};
extern const struct json_table vm_table;

void vm_release(struct vm *vm);
#define OWNED_VM __attribute__((cleanup(vm_release))) struct vm

void vm_spec_release(struct vm_spec *spec);
#define OWNED_VM_SPEC __attribute__((cleanup(vm_spec_release))) struct vm_spec

/* A page of VMs: items are struct vm; next is the cursor of the next page or NULL. */
struct vm_list {
    struct json_list items;
    char *next;
};
extern const struct json_table vm_list_table;

#endif
