/* What a client of the older attested TLS says after the handshake and before HTTP/2: a frame (type
 * 1, length of 32 bits, big-endian) with an authenticator request in the form of RFC 9261, a
 * ClientCertificateRequest of TLS. Pure. docs/gateway.md, "Attested TLS". */
#ifndef COCOS_GATEWAY_ATTESTED_REQUEST_H
#define COCOS_GATEWAY_ATTESTED_REQUEST_H

#include "lib/base/err.h"
#include "lib/base/reader.h"

#define ATTESTED_FRAME_HEAD  5
#define ATTESTED_REQUEST_MAX 4096 /* the longest that makes sense is a tenth of it */

enum attested_frame_type { ATTESTED_REQUEST = 1, ATTESTED_AUTHENTICATOR = 2 };

/* Extensions of the request and of the certificate. */
enum { ATTESTED_EXT_SIGNATURES = 0x000d, ATTESTED_EXT_EVIDENCE = 0xff00 };
enum { ATTESTED_SCHEME_P256 = 0x0403 };

/* How much of what has come is such a frame: *ret is its whole length; 0 when more has to come to
 * tell, or when what comes is HTTP/2. Errors: INPUT (a frame of another type than a request is no
 * HTTP/2 either; too long). */
MUST_USE int attested_frame_measure(struct span come, bool *ret_is_frame, size_t *ret,
                                    struct err *err);

struct attested_request {
    struct span message; /* with its header: what is hashed. Borrowed, as all */
    struct span context; /* the client's challenge, to be echoed */
};

/* Reads a whole frame. Errors: INPUT: malformed, or the client does not take what there is:
 * evidence, and signatures by ECDSA on P-256. */
MUST_USE int attested_request_parse(struct span frame, struct attested_request *ret,
                                    struct err *err);

#endif
