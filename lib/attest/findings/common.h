/* Findings about evidence of any kind. The columns are explained in finding.h. */
/* clang-format off */
FINDING(FORMAT_UNKNOWN, "evidence.format", CRYPTO, ERROR,
        "the format of the evidence",
        "name the format (--format), or give the bytes as the platform made them",
        "docs/attestation.md")
FINDING(OVERFLOW, "verdict.overflow", CRYPTO, ERROR,
        "the number of findings",
        "mend the findings that are told; there were more than fit",
        "docs/attestation.md")
FINDING(MACHINE, "evidence.machine", CRYPTO, ERROR,
        "that all pieces of the evidence are of one machine",
        "ask each machine by itself, or one machine for a bundle, whose transcript ties its pieces together; of {got} nothing follows about any one machine",
        "docs/attestation.md, Wrappers")
FINDING(KEY_UNUSED, "evidence.key", CRYPTO, ERROR,
        "that the evidence is signed by the key that was given",
        "give the token as its signer made it, with its signature; leave the key out (--key) only if nobody's signature is needed but the platform's",
        "docs/attestation.md, Wrappers")
FINDING(UNREAD, "evidence.unread", CRYPTO, ERROR,
        "a quote that vouches for the {subject}",
        "give the {subject} with the evidence that it belongs to; nothing here signs or counts it, so nothing it says may pass for proven",
        "docs/attestation.md")
FINDING(NO_POLICY, "policy.absent", POLICY, ERROR,
        "a policy that says what is acceptable",
        "give a policy (--policy); genuine evidence of an unknown workload proves nothing useful",
        "docs/policy.md")
FINDING(KIND_REFUSED, "policy.kind", POLICY, ERROR,
        "the kind of evidence among those the policy speaks of",
        "ask for evidence of a kind that the policy names ({expected}), or add a \"{got}\" part to it if you trust that kind",
        "docs/policy.md")
FINDING(PLATFORM_REFUSED, "policy.platform", POLICY, ERROR,
        "the platform among the policy's platforms",
        "run the workload on {expected}, or add \"{got}\" to platforms if you trust such a platform as much",
        "docs/policy.md")
FINDING(FRESHNESS, "policy.freshness", POLICY, ERROR,
        "a challenge of ours inside the evidence",
        "ask for new evidence with a nonce and give that nonce (--nonce or --report-data); for evidence that is kept, waive \"freshness\"",
        "docs/policy.md; RFC 9334, section 10")
FINDING(WORKLOAD_UNSHOWN, "policy.unshown", POLICY, ERROR,
        "evidence of {subject}, which the policy demands",
        "ask for a bundle: its transcript and event log show what this evidence alone cannot; only a policy without {subject} accepts any",
        "docs/policy.md")
/* clang-format on */
