/* The release record of a guest image, image.json: what lies beside it, how large, with which
 * digests.
 *
 * The record grows with every release (predicted PCRs, measurements, an igvm file), so a reader
 * takes the members it knows and leaves the others alone. Those it knows it reads strictly. */
#ifndef COCOS_API_IMAGE_H
#define COCOS_API_IMAGE_H

#include "lib/api/vm.h"
#include "lib/json/table.h"

#define IMAGE_RECORD_MAX     (4 * MIB)
#define IMAGE_RECORD_FILE    "image.json"
#define IMAGE_RECORD_VERSION 1
#define IMAGE_FILE_NAME_MAX  100
#define IMAGE_CMDLINE_MAX    2000

/* A file beside the record. */
struct image_file {
    char *file; /* a plain name, no path */
    struct json_bytes sha256;
    uint64_t bytes;
};

struct image_cmdline {
    char *text;
    struct json_bytes sha256;
};

/* How a guest is started that its processor protects, and what ends up in its launch measurement or
 * its reports. Either the firmware or an IGVM file, which brings its own, is there. */
struct image_protection {
    struct image_file firmware;
    struct image_file igvm;
    char *cpu_model;           /* that was measured; NULL: the platform's default */
    uint64_t policy;           /* SNP: of the guest; TDX: attributes; 0: the platform's default */
    struct json_blob id_block; /* SNP: with id_auth, signed by who released the image */
    struct json_blob id_auth;
    bool author_key;
    char *missing; /* why the release has no firmware for it; NULL: it has, or does not say */
    struct json_bytes mrowner; /* TDX: whose the guest is, in a word of theirs */
    struct json_bytes mrownerconfig;
};

struct image_launch {
    struct image_protection snp;
    struct image_protection tdx;
};

/* What a VM of one shape shows; a shape may be a range of memory. */
struct image_shape {
    uint32_t memory_mib;
    uint32_t memory_mib_max; /* 0: the same */
    uint32_t cpus;
    struct json *pcrs; /* {"0": [hex], "4": hex, ...}, SHA-256 bank */
};

/* What a guest shows that its processor protects. Digests are SHA-384 in hex; lists are
 * alternatives, but for by_cpus. */
struct image_values {
    char *refused;               /* why nobody should rely on a measurement; nothing else then */
    char *unknown;               /* what a machine shows beside these, and why it is not here */
    struct json_strings by_cpus; /* SNP: launch measurement with 1, 2, 3, ... vCPUs */
    struct json_strings measurement;        /* SNP: the same with any number of them */
    struct json_strings mrtd, rtmr1, rtmr2; /* TDX */
};

struct image_launch_values {
    struct image_values snp;
    struct image_values tdx;
};

/* Reference values for every shape that the release foresees. */
struct image_reference {
    struct json *pcrs;                 /* the same in every shape */
    struct json_list shapes;           /* of struct image_shape */
    struct image_launch_values launch; /* empty where the release knows none */
};

/* How the image is started by a firmware that starts nothing but what the image's own key signed:
 * the kernel with initrd and command line as one signed program on a disk, and the variables in
 * which the keys are enrolled. */
struct image_secure_boot {
    struct image_file firmware;
    struct image_file variables;
    struct image_file disk;
    uint64_t program_at; /* where on the disk the program lies in one piece */
    uint64_t program_bytes;
    struct json_bytes certificate_sha256; /* of the key that signed it, in DER */
    struct json_blob pk, kek, db, dbx;    /* what the variables hold */
    struct image_reference reference;
};

struct image_record {
    uint32_t version;
    char *name;
    char *eos_version;
    bool debug;
    bool python;
    bool grpc; /* it has the gateway beside the agent */
    struct image_file kernel;
    struct image_file initrd;
    struct image_file firmware;
    struct image_cmdline cmdline;
    uint32_t min_memory_mib;
    uint32_t default_memory_mib;
    struct image_launch launch;           /* empty: for plain VMs only */
    struct image_secure_boot secure_boot; /* no disk: it cannot be started that way */
    struct image_reference reference;     /* no shapes: the record is older than they */
};

/* Reads what is known of a record. Errors: MALFORMED, INPUT with a pointer; UNSUPPORTED (another
 * version). */
MUST_USE int image_record_decode(const struct json *document, struct image_record *ret,
                                 struct err *err);

/* True when the image can be started under that protection. */
bool image_has_protection(const struct image_protection *protection);

/* True when it can be started with Secure Boot. */
bool image_has_secure_boot(const struct image_record *record);

/* A VM, as far as what it must show depends on it. */
struct image_vm {
    enum api_platform platform; /* not auto */
    uint32_t memory_mib;
    uint32_t cpus;
    struct span binding; /* manifest_sha256 that its launch was bound to, as SNP's host data and
                          * TDX's MRCONFIGID say; empty for none */
    bool secure_boot;    /* of platform vm */
    bool foreign;        /* it has devices of the host, whose own firmware is measured too */
};

/* The shape of a VM, NULL when the record has none for it. */
const struct image_shape *image_find_shape(const struct image_record *record,
                                           const struct image_vm *vm);

/* A policy (docs/policy.md) that demands what the record holds for this VM: exactly these registers
 * of a TPM that its host emulates, or this launch measurement. Errors: STATE (the record does not
 * know the shape, or nobody does; the text says which it knows, or why). */
MUST_USE int image_make_policy(const struct image_record *record, const struct image_vm *vm,
                               struct json **ret, struct err *err);

/* The same for SNP and TDX alone; image_make_policy() calls it. */
MUST_USE int image_make_launch_policy(const struct image_record *record, const struct image_vm *vm,
                                      struct json **ret, struct err *err);

/* A policy of one part, that of a platform but vm; the part becomes the policy's. Which TCB is good
 * enough changes faster than releases: that it names none is excused, and whoever knows better
 * demands more (docs/policy.md). */
struct json *image_policy_of_part(enum api_platform platform, struct json *part);

void image_record_release(struct image_record *record);
#define OWNED_IMAGE_RECORD __attribute__((cleanup(image_record_release))) struct image_record

#endif
