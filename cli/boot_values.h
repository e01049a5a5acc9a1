/* Predicted registers in the forms in which they are told: JSON, a policy, the reference values of
 * a release record. */
#ifndef COCOS_CLI_BOOT_VALUES_H
#define COCOS_CLI_BOOT_VALUES_H

#include "cli/boot_input.h"
#include "lib/attest/reference/pcr_run.h"
#include "lib/attest/reference/rtmr_boot.h"
#include "lib/attest/reference/sev_measure.h"
#include "lib/attest/reference/tdvf.h"

/* run: or NULL. */
struct json *boot_values_json(const struct boot_reference *reference,
                              const struct boot_prediction *prediction, const struct pcr_run *run);
/* A policy that demands what boot_values_json() told, and that initrd; NULL: none is told by name.
 */
struct json *boot_values_policy(const struct json *told, const uint8_t *initrd_sha256);

/* What a configuration and the manifests after it are extended into; ended: the last one's
 * computation, too. Errors: USAGE, INPUT, MALFORMED. */
MUST_USE int boot_values_of_run(const char *config_path, const struct flag_list *manifests,
                                bool ended, struct pcr_run *ret, struct err *err);

/* The member "reference" of a release record: values for every shape that the manager offers with
 * it. Errors: INPUT. */
MUST_USE int boot_values_of_shapes(const struct image_record *record,
                                   const struct pcr_boot_input *input,
                                   const struct boot_reference *reference, struct json **ret,
                                   struct err *err);

/* The release record with a prediction among its reference values, or those of Secure Boot: one
 * more alternative in the shape that is there already, or a new shape. */
struct json *boot_values_add(const struct json *document, bool secure_boot,
                             const struct vm_shape *shape,
                             const struct boot_prediction *prediction);

/* {"snp": {"digest": hex} or {"refused": why}, "seves": ..., "sev": ..., "tdx": ...}: what a
 * machine of each kind would say of these files when it is launched by QEMU. Errors: USAGE (no such
 * model). */
MUST_USE int boot_values_of_launch(const struct boot_bytes *bytes, const char *vcpu_type,
                                   struct json **ret, struct err *err);

/* A TD's registers: MRTD of the firmware, the others of files, template and run. */
struct td_prediction {
    uint8_t mrtd[SHA384_SIZE];
    struct pcr_bank registers; /* 0 to 3 */
    uint32_t known;            /* bit i: register i is */
    size_t taken[RTMR_COUNT];  /* events whose digest is the template's */
    bool of_ram; /* RTMR1 depends on the RAM: this firmware takes the kernel that QEMU wrote into */
};

/* template_path: NULL without one; then RTMR0 is not known. RTMR3 is boot_values_add_run()'s.
 * Errors: USAGE (template), INPUT (files), UNTRUSTED (a template of another kind of boot). */
MUST_USE int boot_values_of_td(const struct boot_bytes *bytes, const char *template_path,
                               enum tdvf_order order, struct td_prediction *ret, struct err *err);
void boot_values_add_run(struct td_prediction *td, const struct pcr_run *run);

/* {"mrtd": hex, "rtmr0": hex, ...}. */
struct json *boot_values_td_json(const struct td_prediction *td);

/* {"measurement": hex} of an SNP guest with vCPUs of that model. Errors: USAGE (no such model),
 * INPUT (firmware that does not measure the kernel). */
MUST_USE int boot_values_of_snp(const struct boot_bytes *bytes, const char *vcpu_type,
                                struct json **ret, struct err *err);

/* The files as sev_measure_begin() takes them; borrowed. */
struct sev_files boot_values_sev_files(const struct boot_bytes *bytes);

/* The member "launch" of a release record's reference values: {"snp": {"by_cpus": [hex, ...]},
 * "tdx": {"mrtd": [hex], ...}} for those that the record can be started as; what nobody should rely
 * on is {"refused": why}. path: of the record. Errors: USAGE, UNTRUSTED (files that are not the
 * record's). */
MUST_USE int boot_values_of_protections(const char *path, const struct boot_bytes *bytes,
                                        struct json **ret, struct err *err);

#endif
