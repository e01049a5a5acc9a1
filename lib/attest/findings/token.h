/* Findings about signed tokens, whatever is in them: JWT, CWT, wrappers. The columns are explained
 * in finding.h. */
/* clang-format off */
FINDING(TOKEN_FORM, "token.form", CRYPTO, ERROR,
        "the layout of the token",
        "give the token as its issuer wrote it: signed with a public-key algorithm, with nothing critical in its header",
        "RFC 8725, 3; RFC 7515; RFC 9052; RFC 9711")
FINDING(TOKEN_KEY, "token.key", CRYPTO, ERROR,
        "the key of whoever signed the token",
        "give the issuer's public key or certificate (--key); one that comes with the token proves nothing",
        "RFC 8725, 3.10")
FINDING(TOKEN_SIGNATURE, "token.signature", CRYPTO, ERROR,
        "the signature of the token by the given key",
        "give the key that signs for this issuer, and the token unchanged",
        "RFC 8725, 3.1; RFC 7515, 5.2; RFC 9052, 4.4")
FINDING(TOKEN_TIME, "token.time", CRYPTO, ERROR,
        "the time of the token",
        "ask for a new token, or judge at a time within its life (--time)",
        "RFC 7519, 4.1.4 to 4.1.6; RFC 8392, 3.1")
FINDING(TOKEN_ISSUER, "token.issuer", POLICY, ERROR,
        "the issuer of the token",
        "ask {expected} for the token, or name {got} as its issuer (--issuer)",
        "RFC 8725, 3.8")
FINDING(TOKEN_AUDIENCE, "token.audience", POLICY, ERROR,
        "us among those for whom the token is",
        "ask for a token for us, or say who we are (--audience)",
        "RFC 8725, 3.9; RFC 7519, 4.1.3")
FINDING(TOKEN_CHALLENGE, "token.challenge", POLICY, ERROR,
        "our challenge in the token",
        "ask for a new token with our nonce; this one answers another question",
        "RFC 9711, 4.1")
FINDING(TOKEN_DEBUG, "token.debug", POLICY, ERROR,
        "that nobody could look into the device (dbgstat)",
        "turn debugging off before the device boots; no policy accepts one that can be looked into, or perhaps could since its boot",
        "RFC 9711, 4.2.9")
FINDING(TOKEN_SOURCE, "token.source", CRYPTO, INFO,
        "where the token says that its key could be fetched",
        "nothing to mend: the given key was used, and nothing was fetched",
        "RFC 8725, 3.10")
FINDING(TOKEN_ALONE, "token.unsigned", CRYPTO, INFO,
        "a signature of the token that counts",
        "nothing to mend: the platform's evidence in the token was judged by itself, and no word of the token counted",
        "docs/attestation.md, Wrappers")
FINDING(TOKEN_BINDING, "token.binding", CRYPTO, ERROR,
        "the key that signed the token against the server's key in its transcript",
        "let the layer that the transcript names sign the token",
        "docs/attestation.md, Wrappers")
FINDING(TOKEN_EMPTY, "token.contents", POLICY, ERROR,
        "something in the token that a policy can judge",
        "bring evidence of a platform: claims alone are somebody's word",
        "docs/attestation.md, Wrappers")
FINDING(CCA_BINDING, "cca.binding", CRYPTO, ERROR,
        "the hash of the realm's key against the challenge in the platform's token",
        "give both tokens as one realm got them: this platform's token is about another realm manager's key",
        "Arm, Realm Management Monitor specification, Attestation")
FINDING(CCA_CHALLENGE, "cca.challenge", POLICY, ERROR,
        "our challenge in the realm's token",
        "ask the realm for a new token with {expected}; this one answers another question",
        "Arm, Realm Management Monitor specification, Attestation")
FINDING(CCA_UNJUDGED, "cca.policy", POLICY, ERROR,
        "a part of the policy that speaks of Arm's CCA",
        "compare what the tokens say, under claims.cca of the verdict, by hand: no policy can accept such a platform yet",
        "docs/attestation.md, Wrappers")
FINDING(TOKEN_CLAIMS, "token.claims", CRYPTO, ERROR,
        "the claims of the verifier about the platform",
        "ask the verifier for a token with all of them, in the form of its documentation",
        "Azure Attestation, token claims")
FINDING(CMW_FORM, "cmw.form", CRYPTO, ERROR,
        "the layout of the wrapper",
        "give the wrapper as [type, value, indicator], a tagged value, or a collection of those",
        "draft-ietf-rats-msg-wrap")
FINDING(CMW_TYPE, "cmw.type", CRYPTO, ERROR,
        "a type of message that is judged here",
        "send evidence of one of these types; nothing of another type is passed over in silence",
        "draft-ietf-rats-msg-wrap; docs/attestation.md, Wrappers")
FINDING(CMW_OTHER, "cmw.other", CRYPTO, INFO,
        "messages in the wrapper that are no evidence",
        "nothing to mend: they were not looked at",
        "draft-ietf-rats-msg-wrap, 3.1")
FINDING(CMW_EMPTY, "cmw.empty", CRYPTO, ERROR,
        "evidence in the wrapper",
        "send a wrapper that holds evidence",
        "draft-ietf-rats-msg-wrap")
/* clang-format on */
