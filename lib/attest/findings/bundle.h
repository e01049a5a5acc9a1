/* Findings about our own bundle and its transcript. The columns are explained in finding.h. */
/* clang-format off */
FINDING(BUNDLE_FORM, "bundle.form", CRYPTO, ERROR,
        "the form of the bundle",
        "give the answer of POST /v1/attestation as the agent sent it",
        "docs/attestation.md, The bundle")
FINDING(BUNDLE_LOGS, "bundle.logs", CRYPTO, ERROR,
        "the logs of the bundle against their digest in the transcript",
        "take logs and evidence from one answer; these logs were changed, or belong to another one",
        "docs/attestation.md, The bundle")
FINDING(BUNDLE_UNSIGNED, "bundle.unsigned", CRYPTO, ERROR,
        "a genuine item of a platform or TPM that carries the transcript",
        "ask for evidence of the platform too; nothing else of a bundle vouches for what it says",
        "docs/attestation.md, The bundle")
FINDING(TRANSCRIPT_FORM, "transcript.form", CRYPTO, ERROR,
        "the layout of the transcript",
        "give the transcript as the agent encoded it: a label and eight fields, each after its length",
        "docs/attestation.md, The transcript")
FINDING(TRANSCRIPT_CHALLENGE, "transcript.challenge", POLICY, ERROR,
        "our {subject} in the transcript",
        "ask for new evidence with {expected}; this one answers another question",
        "docs/attestation.md, The transcript")
FINDING(TRANSCRIPT_CHANNEL, "transcript.channel", POLICY, ERROR,
        "the {subject} of our connection in the transcript",
        "ask for evidence over the connection that is to be trusted, with a nonce of that moment; who relays another machine's evidence cannot give it",
        "docs/attestation.md, The transcript; RFC 8446, 7.5")
FINDING(CHANNEL_UNSHOWN, "transcript.absent", POLICY, ERROR,
        "evidence that belongs to our connection",
        "ask for a bundle: only its transcript names a connection",
        "docs/attestation.md, The transcript")
FINDING(TRANSCRIPT_AK, "transcript.ak", CRYPTO, ERROR,
        "the TPM's attestation key against the one in the transcript",
        "quote with the key that the transcript names",
        "docs/attestation.md, The transcript")
FINDING(TRANSCRIPT_RUN, "transcript.run", CRYPTO, ERROR,
        "the {subject} of the transcript against what the registers and logs prove",
        "start a fresh machine and ask that one: this one's agent says something else than what it measured",
        "docs/attestation.md, The transcript")
/* clang-format on */
