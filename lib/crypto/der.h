/* DER (X.690), read in place and strictly: one encoding for each value, and nothing else is taken.
 *
 * A cursor over the elements of one constructed value, sticky like struct reader: the first element
 * that is not as asked for makes the cursor bad, every later one is empty, and der_end() tells
 * once, at the end, whether all was well and nothing is left over.
 *
 *     struct der d = der_of(der_take(&outer, DER_SEQUENCE));
 *     struct span serial = der_take(&d, DER_INTEGER);
 *     struct span name = der_whole(&d, DER_SEQUENCE);
 *     if (!der_end(&d)) ...
 *
 * Lengths are definite and minimal, of at most four bytes; tag numbers are below 31. */
#ifndef COCOS_CRYPTO_DER_H
#define COCOS_CRYPTO_DER_H

#include "lib/base/buf.h"
#include "lib/base/span.h"

enum der_tag {
    DER_BOOLEAN = 0x01,
    DER_INTEGER = 0x02,
    DER_BIT_STRING = 0x03,
    DER_OCTET_STRING = 0x04,
    DER_NULL = 0x05,
    DER_OID = 0x06,
    DER_ENUMERATED = 0x0a,
    DER_UTF8_STRING = 0x0c,
    DER_PRINTABLE_STRING = 0x13,
    DER_T61_STRING = 0x14,
    DER_IA5_STRING = 0x16,
    DER_UTC_TIME = 0x17,
    DER_GENERALIZED_TIME = 0x18,
    DER_SEQUENCE = 0x30,
    DER_SET = 0x31
};

/* [n] EXPLICIT or a constructed IMPLICIT, and a primitive [n] IMPLICIT. */
#define DER_CONTEXT(n)           (0xa0 | (n))
#define DER_CONTEXT_PRIMITIVE(n) (0x80 | (n))

struct der {
    struct span in;
    size_t at; /* of the next element, or of the one that was bad */
    bool bad;
};

struct der der_of(struct span content);

/* The next element, which must have the tag: its content, or all of it with tag and length. */
struct span der_take(struct der *d, unsigned tag);
struct span der_whole(struct der *d, unsigned tag);
/* The next element, whatever it is: its content; its tag through ret_tag, 0 when there is none. */
struct span der_any(struct der *d, unsigned *ret_tag);

/* True when the next element has the tag; moves nothing. */
bool der_next_is(const struct der *d, unsigned tag);
/* True when there is another element to take. */
bool der_more(const struct der *d);
/* True when every element was as asked for and nothing is left. */
bool der_end(const struct der *d);
/* Makes the cursor bad, for a caller who finds a value wrong. */
void der_fail(struct der *d);

/* Values; each also fails the cursor when the content is not the one encoding of such a value. */
struct span der_integer(struct der *d); /* two's complement, minimal, never empty */
struct span der_unsigned(
    struct der *d); /* INTEGER of zero or more: the magnitude, empty for zero */
uint64_t der_u64(struct der *d);
bool der_boolean(struct der *d);
struct span der_bits(struct der *d); /* BIT STRING of whole bytes */

/* True when the content of an OID is this dotted one. */
bool der_oid_is(struct span oid, const char *dotted);
/* Appends the dotted form of an OID's content; "?" when it is none. */
void der_oid_text(struct span oid, struct buf *out);
/* Appends the content of an OID from its dotted form, which must be one. */
void der_add_oid(const char *dotted, struct buf *out);

#endif
