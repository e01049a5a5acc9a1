/* Predicted registers in the forms in which they are told: JSON, a policy, the reference values of
 * a release record. */
#ifndef COCOS_CLI_BOOT_VALUES_H
#define COCOS_CLI_BOOT_VALUES_H

#include "cli/command.h"
#include "lib/api/image.h"
#include "lib/attest/reference/boot_reference.h"
#include "lib/json/json.h"

/* run: PCR 15, or NULL. */
struct json *boot_values_json(const struct boot_reference *reference,
                              const struct boot_prediction *prediction, const uint8_t *run);
struct json *boot_values_policy(const struct boot_prediction *prediction, const uint8_t *run);

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

#endif
