/* What `measure` is asked about: the files that a VM boots and its shape, named one by one or by
 * the release record beside them. */
#ifndef COCOS_CLI_BOOT_INPUT_H
#define COCOS_CLI_BOOT_INPUT_H

#include "cli/command.h"
#include "lib/api/image.h"
#include "lib/attest/reference/boot_reference.h"
#include "lib/json/json.h"

struct boot_options {
    struct common_options common;
    const char *image, *kernel, *initrd, *append, *firmware, *firmware_version;
    const char *pk, *kek, *db, *dbx, *authority;
    const char *config, *record, *ccel, *uki, *launch;
    struct flag_list manifests;
    bool ended;
    uint64_t memory_mib, cpus;
    const char *platform, *vcpu_type;
    bool as_is, policy, shapes, two_passes, secure_boot;
};

extern const struct flag boot_flags[];

/* What protects the VM that is asked about: "vm", "snp" or "tdx". */
bool boot_input_is_for(const struct boot_options *options, const char *platform);

struct boot_bytes {
    struct json *document; /* of the release record; NULL without one */
    struct image_record record;
    struct buf firmware, kernel, initrd;
    struct buf pk, kek, db, dbx, authority;
    uint8_t initrd_sha256[SHA256_SIZE];
    struct vm_shape shape;
    struct pcr_boot_input input; /* borrows from the above */
};

/* Reads every file. With a release record each file must be the one that it names. Errors: USAGE,
 * UNTRUSTED (another file than in the record), INPUT and others. */
MUST_USE int boot_input_read(const struct boot_options *options, struct boot_bytes *ret,
                             struct err *err);
/* Reads a file that lies beside the record at record_path and is the one that it names, or nothing.
 * Errors: UNTRUSTED, and those of reading. */
MUST_USE int boot_input_read_recorded(const char *record_path, const struct image_file *file,
                                      struct buf *out, struct err *err);
void boot_input_done(struct boot_bytes *bytes);
#define OWNED_BOOT_BYTES __attribute__((cleanup(boot_input_done))) struct boot_bytes

#endif
