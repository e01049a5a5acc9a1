/* What stands in one entry of the kernel's IMA measurement list, by template.
 *
 * A template is a list of fields; the kernel hashes the fields, each with its length in front, and
 * extends the hash. The list comes in two forms that say the same: binary, where the fields are
 * there as they were hashed, and text, from which they are rebuilt here. The oldest template,
 * "ima", has no lengths and is hashed with its name filled up to 256 bytes.
 *
 * Linux: Documentation/security/IMA-templates.rst, security/integrity/ima/ima_template_lib.c.
 * Private to evidence/ima_*.c and their tests. */
#ifndef COCOS_ATTEST_EVIDENCE_IMA_TEMPLATE_H
#define COCOS_ATTEST_EVIDENCE_IMA_TEMPLATE_H

#include "lib/base/buf.h"
#include "lib/base/reader.h"

#define IMA_TEMPLATE_FIELDS_MAX 16
#define IMA_TEMPLATE_DATA_MAX   (1 * MIB)
#define IMA_NAME_PADDED         256 /* of the template "ima" */

enum ima_field_form {
    IMA_DIGEST_RAW,      /* 20 bytes of SHA-1, or 16 of MD5 filled up */
    IMA_NAME_RAW,        /* a name without its NUL */
    IMA_DIGEST_ALG,      /* "sha256:" NUL digest; may be empty */
    IMA_DIGEST_TYPE_ALG, /* "verity:sha256:" NUL digest */
    IMA_STRING,          /* a text and its NUL */
    IMA_HEX,             /* any bytes, may be empty */
    IMA_UINT,            /* 1, 2, 4 or 8 bytes, little-endian */
};

/* The last member is 0 for every form but IMA_UINT. */
struct ima_field {
    const char *id; /* "d-ng" */
    enum ima_field_form form;
    unsigned width;
};

struct ima_template {
    bool old; /* the template "ima" */
    size_t count;
    const struct ima_field *fields[IMA_TEMPLATE_FIELDS_MAX];
};

/* What the fields of an entry say; borrowed from where they were read. */
struct ima_fields {
    struct span alg;    /* of the file's digest, "sha256"; empty for the template "ima" */
    struct span digest; /* of the file */
    struct span name;   /* path or event name, without its NUL */
};

/* The template of a name ("ima-ng") or of a format of its own ("d-ng|n-ng|sig"). False when a field
 * is not known. */
bool ima_template_find(struct span name, struct ima_template *ret);

/* Reads the binary fields at the reader, all of them. Errors: INPUT. */
MUST_USE int ima_template_read(const struct ima_template *template, struct reader *r,
                               struct ima_fields *ret, struct err *err);

/* Rebuilds the binary fields from their text, blank-separated; appended to out as they stand in the
 * binary form. Errors: INPUT, and TOO_LARGE by out's ceiling. */
MUST_USE int ima_template_encode(const struct ima_template *template, struct span text,
                                 struct buf *out, struct err *err);

/* The way back: the text of binary fields that ima_template_read() takes (data: of all of them),
 * each after a blank; what cannot stand in a line is written as \xNN. Appended. Errors: INPUT. */
MUST_USE int ima_template_print(const struct ima_template *template, struct span data,
                                struct buf *out, struct err *err);

#endif
