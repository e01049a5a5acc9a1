/* Virtual processor models by the names that QEMU gives them, and the CPUID signature that each
 * shows. */
#ifndef COCOS_ATTEST_REFERENCE_VCPU_H
#define COCOS_ATTEST_REFERENCE_VCPU_H

#include "lib/base/err.h"

#include <stdint.h>

struct vcpu_type {
    const char *name; /* "EPYC-Milan-v2" */
    uint32_t signature;
};

/* All of them, ended by a row whose name is NULL. */
extern const struct vcpu_type vcpu_types[];

/* The signature of a named type. INPUT when there is none of that name. */
MUST_USE int vcpu_find_signature(const char *name, uint32_t *ret, struct err *err);

/* CPUID leaf 1 EAX for family, model and stepping (AMD APM volume 3, appendix E.3.2). */
uint32_t vcpu_make_signature(uint32_t family, uint32_t model, uint32_t stepping);

#endif
