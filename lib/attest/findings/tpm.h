/* Findings about TPM quotes and event logs. The columns are explained in finding.h. "TPM" is the
 * TPM 2.0 Library specification, "PFP" the PC Client Platform Firmware Profile. */
/* clang-format off */

/* --- the quote and its key --- */
FINDING(TPM_FORM, "tpm.form", CRYPTO, ERROR,
        "the layout of the quote, its signature and its key",
        "give them as the TPM made them: TPMS_ATTEST followed by TPMT_SIGNATURE and the key beside it (--key), or the message of go-tpm-tools",
        "TPM 2.0 Library, part 2, 10.12 and 11.3")
FINDING(TPM_AK_ABSENT, "tpm.ak.absent", CRYPTO, ERROR,
        "the attestation key that signed the quote",
        "give its public part (--key) as TPMT_PUBLIC, PEM or DER",
        "docs/attestation.md")
FINDING(TPM_AK_ATTRIBUTES, "tpm.ak.attributes", CRYPTO, ERROR,
        "the attributes of the attestation key",
        "make the key in the TPM as a restricted signing key (fixedTPM, fixedParent, sensitiveDataOrigin, restricted, sign); any other signs whatever it is given",
        "TPM 2.0 Library, part 1, 31.6; TPM 2.0 Library, part 2, 8.3")
FINDING(TPM_AK_UNBOUND, "tpm.ak.unbound", CRYPTO, ERROR,
        "a reason to believe that the attestation key lives in the TPM of this machine",
        "once you know whose key {got} is, add it to vtpm.ak_sha256; or bring a report of the platform that names it, or have the TPM answer a credential challenge, as asking the agent live does",
        "docs/attestation.md; TPM 2.0 Library, part 1, 24")
FINDING(TPM_AK_EMULATED, "tpm.ak.emulated", POLICY, WARNING,
        "the attestation key of an emulated TPM",
        "take it for a test: whoever runs the host of an emulated TPM can make its keys and quotes say anything",
        "docs/threats.md")
FINDING(TPM_CREDENTIAL, "tpm.credential", CRYPTO, ERROR,
        "the TPM's answer to our credential challenge",
        "challenge the key that signed the quote, with an endorsement key whose certificate leads to a root in vtpm.ek_roots",
        "TPM 2.0 Library, part 1, 24; TCG EK Credential Profile")
FINDING(TPM_SIGNATURE, "tpm.signature", CRYPTO, ERROR,
        "the signature of the quote by the attestation key",
        "the quote was changed, signed over SHA-1, or made with another key: take quote and key from the same TPM, and sign with SHA-256 or longer",
        "TPM 2.0 Library, part 2, 11.3")
FINDING(TPM_REGISTERS, "tpm.registers", CRYPTO, ERROR,
        "the values of the registers against the digest that the quote signed",
        "give the registers, or the logs that lead to them, as they were when the quote was made",
        "TPM 2.0 Library, part 3, 18.4")
FINDING(TPM_RESTARTED, "tpm.restarted", CRYPTO, ERROR,
        "the TPM's counts of resets and restarts, the same in all quotes",
        "take all quotes in one boot, one right after the other",
        "TPM 2.0 Library, part 2, 10.11.1")
FINDING(TPM_CHALLENGE, "tpm.challenge", POLICY, ERROR,
        "our challenge inside the quote (extraData)",
        "ask for a new quote with {expected} as its qualifying data; this one answers another question",
        "TPM 2.0 Library, part 3, 18.4; docs/attestation.md")
FINDING(TPM_EMULATED, "tpm.emulated", POLICY, ERROR,
        "a TPM that is not a program of whoever runs the machine",
        "use a TPM that the platform vouches for, or name its key (vtpm.ak_sha256) or maker (vtpm.ek_roots); where the launch measurement covers all code and the registers are only an addition, or for a test, set vtpm.emulated",
        "docs/policy.md")

/* --- logs --- */
FINDING(TPM_LOG_FORM, "tpm.log.form", CRYPTO, ERROR,
        "the layout of the {subject}",
        "give the {subject} as the kernel shows it, whole",
        "TCG PC Client Platform Firmware Profile, 10; IMA templates; TCG Canonical Event Log")
FINDING(TPM_LOG, "tpm.log.replay", CRYPTO, ERROR,
        "the replay of the {subject} against the quoted registers",
        "take log and quote from the same boot, the log first; a log that leads elsewhere was changed",
        "TCG PC Client Platform Firmware Profile, 10; TPM 2.0 Library, part 1, 17")
FINDING(TPM_LOG_FACTS, "tpm.log.contradiction", CRYPTO, ERROR,
        "the events of the log against each other",
        "start the machine again and take log and quote from that boot; if the events contradict each other again, its firmware is not what it should be",
        "TCG PC Client Platform Firmware Profile, 3.3.4")
FINDING(TPM_LOG_UNPROVEN, "tpm.log.unproven", POLICY, INFO,
        "registers of the log that the quote proves",
        "quote {subject} too, or give the log of what user space extended; nothing is read from their events now",
        "docs/attestation.md")
FINDING(TPM_IMA_AGGREGATE, "tpm.ima.boot_aggregate", CRYPTO, ERROR,
        "the IMA list's summary of the boot against the quoted registers",
        "take list and quote from the same boot",
        "Linux, security/integrity/ima")

/* --- what the policy asks --- */
FINDING(TPM_AK_PIN, "tpm.ak", POLICY, ERROR,
        "the attestation key among vtpm.ak_sha256",
        "ask the machine whose key is {expected}, or add {got} once you know whose it is",
        "docs/policy.md")
FINDING(TPM_PCR_EVENT, "tpm.pcr.event", POLICY, ERROR,
        "PCR {subject}, as the log shows it, against what the policy knows",
        "boot what the reference values were made of: {expected}; the log's first events that are not are named",
        "PFP, 3.3.4; Linux, drivers/firmware/efi/libstub")
FINDING(TPM_PCR, "tpm.pcr", POLICY, ERROR,
        "PCR {subject} among the values of vtpm.pcrs",
        "boot what {expected} stands for, or add {got} to vtpm.pcrs once you know what it measures",
        "TCG PC Client Platform Firmware Profile, 3.3.4")
FINDING(TPM_PCR_UNQUOTED, "tpm.pcr.unquoted", POLICY, ERROR,
        "PCR {subject} among the registers that the quote covers",
        "ask for a quote that selects PCR {subject}",
        "TPM 2.0 Library, part 3, 18.4")
FINDING(TPM_ABSENT, "tpm.absent", POLICY, ERROR,
        "a TPM that shows the registers which vtpm.pcrs and vtpm.pei_digests name",
        "ask for evidence of type vtpm too; a platform that has no TPM needs a policy that says nothing about one",
        "docs/policy.md")
FINDING(TPM_PCRS_ABSENT, "tpm.pcrs.absent", POLICY, ERROR,
        "reference values for the registers",
        "name the values you accept in vtpm.pcrs (of SHA-256 or longer), or waive \"measurement\"",
        "docs/policy.md")
FINDING(TPM_FIRMWARE, "tpm.firmware", POLICY, ERROR,
        "what PCR 0 measured among vtpm.pei_digests",
        "boot the firmware that the policy knows, or add {got} to vtpm.pei_digests once you know what it is",
        "TCG PC Client Platform Firmware Profile, 3.3.4.1")
FINDING(TPM_FIRMWARE_ABSENT, "tpm.firmware.absent", POLICY, ERROR,
        "reference values for the firmware: PCR 0 in vtpm.pcrs, or vtpm.pei_digests",
        "name the digests of the firmware in vtpm.pei_digests, or PCR 0 in vtpm.pcrs, or waive \"pei\"",
        "docs/policy.md")
FINDING(TPM_FIRMWARE_UNSHOWN, "tpm.firmware.unshown", POLICY, ERROR,
        "an event log that tells, with a quote of PCR 0 that proves it, which firmware ran",
        "give the event log (--event-log) and a quote that covers PCR 0",
        "TCG PC Client Platform Firmware Profile, 3.3.4.1")

/* --- the run --- */
FINDING(RUN_CONFIG, "run.config", POLICY, ERROR,
        "the agent's configuration against config_sha256",
        "start the agent with the configuration that {expected} stands for",
        "docs/attestation.md")
FINDING(RUN_MANIFEST, "run.manifest", POLICY, ERROR,
        "the manifest of the run against manifest_sha256",
        "send the manifest that you agreed to; the machine has another one, or none",
        "docs/attestation.md")
FINDING(RUN_MANIFESTS, "run.manifests", POLICY, ERROR,
        "the number of manifests since the machine booted",
        "start a fresh machine for this computation, or raise max_manifests to {got} if the earlier ones do not matter",
        "docs/attestation.md")
/* clang-format on */
