/* Predicted registers in the forms in which they are told: JSON, a policy, the reference values of
 * a release record. */
#ifndef COCOS_CLI_BOOT_VALUES_H
#define COCOS_CLI_BOOT_VALUES_H

#include "cli/boot_input.h"
#include "lib/attest/reference/rtmr_boot.h"
#include "lib/attest/reference/tdvf.h"

/* run: PCR 15, or NULL. */
struct json *boot_values_json(const struct boot_reference *reference,
                              const struct boot_prediction *prediction, const uint8_t *run);
/* A policy that demands what boot_values_json() told. */
struct json *boot_values_policy(const struct json *told);

/* PCR 15 of a configuration and the manifests after it. Errors: USAGE, INPUT, MALFORMED. */
MUST_USE int boot_values_of_run(const char *config_path, const struct flag_list *manifests,
                                uint8_t out[static SHA256_SIZE], struct err *err);

/* The member "reference" of a release record: values for every shape that the manager offers with
 * it. Errors: INPUT. */
MUST_USE int boot_values_of_shapes(const struct image_record *record,
                                   const struct pcr_boot_input *input,
                                   const struct boot_reference *reference, struct json **ret,
                                   struct err *err);

/* The release record with a prediction among its reference values: one more alternative in the
 * shape that is there already, or a new shape. */
struct json *boot_values_add(const struct json *document, const struct vm_shape *shape,
                             const struct boot_prediction *prediction);

/* {"snp": {"digest": hex} or {"refused": why}, "seves": ..., "sev": ..., "tdx": ...}: what a
 * machine of each kind would say of these files when it is launched by QEMU. Errors: USAGE (no such
 * model). */
MUST_USE int boot_values_of_launch(const struct boot_bytes *bytes, const char *vcpu_type,
                                   struct json **ret, struct err *err);

/* A TD's registers: MRTD of the firmware, the others after a template. */
struct td_prediction {
    uint8_t mrtd[SHA384_SIZE];
    struct rtmr_boot boot;
};

/* Errors: USAGE (template), INPUT (files), UNTRUSTED (a template of another kind of boot). */
MUST_USE int boot_values_of_td(const struct boot_bytes *bytes, const char *template_path,
                               enum tdvf_order order, struct td_prediction *ret, struct err *err);

/* {"mrtd": hex, "rtmr0": hex, ...}, or a policy that demands them. */
struct json *boot_values_td_json(const struct td_prediction *td, bool policy);

#endif
