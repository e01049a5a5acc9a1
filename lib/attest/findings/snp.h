/* Findings about AMD SEV-SNP reports, certificates and their policy. The columns are explained in
 * finding.h. AMD 56860 is the SEV-SNP firmware ABI, AMD 57230 the VCEK certificate and KDS
 * interface. */
/* clang-format off */

/* --- the report --- */
FINDING(SNP_REPORT_FORM, "snp.report.form", CRYPTO, ERROR,
        "the layout of the SNP report",
        "give the report as the firmware made it: 1184 bytes, alone or followed by a certificate table",
        "AMD 56860, ATTESTATION_REPORT")
FINDING(SNP_CERTS_FORM, "snp.certificates.form", CRYPTO, ERROR,
        "what follows the SNP report: a certificate table",
        "cut the evidence after 1184 bytes and give the certificates apart (--vek, --chain)",
        "GHCB specification, SNP extended guest request")
FINDING(SNP_UNSIGNED, "snp.report.unsigned", CRYPTO, ERROR,
        "a key that signs reports",
        "the firmware was told to sign nothing (SIGNING_KEY 7); ask it for a report signed by VCEK or VLEK",
        "AMD 56860, ATTESTATION_REPORT.SIGNING_KEY")
FINDING(SNP_SIGNATURE, "snp.report.signature", CRYPTO, ERROR,
        "the signature of the report by its VCEK or VLEK",
        "the report was changed, or belongs to another chip or TCB: take report and certificate from the same machine at the same time",
        "AMD 56860, ATTESTATION_REPORT.SIGNATURE; FIPS 186-4, section 6.4")
FINDING(SNP_TCB_ORDER, "snp.tcb.order", CRYPTO, ERROR,
        "the order of the report's TCBs in {subject}",
        "no firmware says this; ask for a new report, and distrust the machine if it says it again",
        "AMD 56860, TCB versions")

/* --- the key that signed it --- */
FINDING(SNP_VEK_ABSENT, "snp.vek.absent", CRYPTO, ERROR,
        "a certificate for the key that signed the report",
        "give the {expected} of this chip and TCB (--vek); for a VCEK 'cocos-cli ca-bundle PRODUCT --report FILE' fetches it, a VLEK comes from the cloud provider",
        "AMD 57230")
FINDING(SNP_VEK_FORM, "snp.vek.form", CRYPTO, ERROR,
        "the certificate of the VCEK or VLEK",
        "give the certificate as AMD's KDS serves it",
        "AMD 57230, certificate extensions")
FINDING(SNP_VEK_KIND, "snp.vek.kind", CRYPTO, ERROR,
        "the kind of key that the report says signed it",
        "give the certificate of the {expected}, or ask for a report signed with the {got}",
        "AMD 56860, ATTESTATION_REPORT.SIGNING_KEY")
FINDING(SNP_VEK_PRODUCT, "snp.vek.product", CRYPTO, ERROR,
        "the product of the certificate and of {subject}",
        "give the certificates of a {expected} processor",
        "AMD 57230, certificate extensions; AMD 56860, ATTESTATION_REPORT.CPUID")
FINDING(SNP_VEK_TCB, "snp.vek.tcb", CRYPTO, ERROR,
        "REPORTED_TCB and the TCB of the certificate in {subject}",
        "fetch the certificate for the TCB that the report names: {subject} {expected}",
        "AMD 57230, certificate extensions; AMD 56860, ATTESTATION_REPORT.REPORTED_TCB")
FINDING(SNP_VEK_CHIP, "snp.vek.chip", CRYPTO, ERROR,
        "CHIP_ID and the hwID of the certificate",
        "fetch the certificate of the chip that the report names; a masked chip id goes with a VLEK only",
        "AMD 57230, certificate extensions; AMD 56860, ATTESTATION_REPORT.CHIP_ID")

/* --- the chain --- */
FINDING(SNP_CERT_FORM, "snp.chain.form", CRYPTO, ERROR,
        "the certificates in {subject}",
        "give certificates as DER or PEM",
        "RFC 5280")
FINDING(SNP_CA_ABSENT, "snp.chain.absent", CRYPTO, ERROR,
        "the certificate of the issuer, {expected}",
        "fetch the chain ('cocos-cli ca-bundle PRODUCT') or give it (--chain)",
        "AMD 57230")
FINDING(SNP_CA_NAME, "snp.chain.name", CRYPTO, ERROR,
        "an intermediate authority between root and VCEK or VLEK",
        "give the chain that AMD's KDS serves: {expected}",
        "AMD 57230")
FINDING(SNP_CA_ISSUER, "snp.chain.issuer", CRYPTO, ERROR,
        "that issuers may issue",
        "give the chain that AMD's KDS serves for the product",
        "RFC 5280, sections 4.2.1.3, 4.2.1.9 and 6.1.4")
FINDING(SNP_CA_SIGNATURE, "snp.chain.signature", CRYPTO, ERROR,
        "the signatures of the certificates",
        "give the chain that AMD's KDS serves; signatures are RSASSA-PSS with SHA-384 and a salt of 48 bytes, nothing else",
        "AMD 57230; RFC 4055")
FINDING(SNP_CA_TIME, "snp.chain.time", CRYPTO, ERROR,
        "the validity of the certificates",
        "fetch certificates that are valid now, or judge at the time the evidence was made (--time)",
        "RFC 5280, section 4.1.2.5")
FINDING(SNP_ROOT_ABSENT, "snp.root.absent", CRYPTO, ERROR,
        "the root certificate, {expected}",
        "fetch the chain ('cocos-cli ca-bundle PRODUCT') or give it, root included (--chain)",
        "AMD 57230")
FINDING(SNP_ROOT_UNKNOWN, "snp.root.unknown", CRYPTO, ERROR,
        "the key of the root certificate among the roots we trust",
        "AMD has one root for a product; a root of your own must be named as trusted (--trust-root)",
        "AMD 57230")
FINDING(SNP_ROOT_GIVEN, "snp.root.given", CRYPTO, INFO,
        "the root is one that the caller trusts in place of AMD's",
        "nothing to mend, if that is what you want",
        "docs/attestation.md")

/* --- revocation --- */
FINDING(SNP_CRL_ABSENT, "snp.crl.absent", POLICY, ERROR,
        "a revocation list by {expected}",
        "fetch the list ('cocos-cli ca-bundle PRODUCT') or give it (--crl), or waive \"crl\"",
        "AMD 57230")
FINDING(SNP_CRL_FORM, "snp.crl.form", CRYPTO, ERROR,
        "the revocation list",
        "give the list as AMD's KDS serves it, or none and waive \"crl\"",
        "RFC 5280, section 5")
FINDING(SNP_CRL_SIGNATURE, "snp.crl.signature", CRYPTO, ERROR,
        "the signature of the revocation list by the root",
        "give the list as AMD's KDS serves it",
        "RFC 5280, section 6.3.3")
FINDING(SNP_CRL_TIME, "snp.crl.time", CRYPTO, ERROR,
        "the age of the revocation list",
        "fetch the present list ('cocos-cli ca-bundle PRODUCT'), or judge at the time the evidence was made (--time); a stale list is not excused by waiving \"crl\"",
        "RFC 5280, section 6.3.3")
FINDING(SNP_CRL_OTHER, "snp.crl.other", CRYPTO, INFO,
        "a revocation list that says nothing about this chain",
        "nothing to mend; the list is by {got}, the chain's root is {expected}",
        "RFC 5280, section 6.3.3")
FINDING(SNP_REVOKED, "snp.crl.revoked", CRYPTO, ERROR,
        "that no certificate of the chain is revoked",
        "{got} was revoked by its root: fetch a certificate issued by the present authority of this chip",
        "RFC 5280, section 6.3.3")

/* --- the policy --- */
FINDING(SNP_DEBUG, "snp.policy.debug", POLICY, ERROR,
        "that the guest cannot be debugged from outside",
        "launch the guest with bit 19 (DEBUG) of its policy clear; no policy here can excuse it",
        "AMD 56860, guest policy")
FINDING(SNP_MIGRATION, "snp.policy.migration", POLICY, ERROR,
        "that no migration agent holds the guest's keys: {subject}",
        "launch the guest with bit 18 (MIGRATE_MA) of its policy clear and without an agent; no policy here can excuse it",
        "AMD 56860, guest policy; guest migration")
FINDING(SNP_VMPL, "snp.vmpl", POLICY, ERROR,
        "the privilege level that asked for the report",
        "ask for the report from VMPL {expected}, or set snp.vmpl to {got} if code at that level is what you trust",
        "AMD 56860, ATTESTATION_REPORT.VMPL")
FINDING(SNP_VMPL_HOST, "snp.vmpl.host", POLICY, ERROR,
        "that the guest asked for the report",
        "let the guest ask for it, from VMPL {expected}: no guest stands behind a report that its host asked for, and no policy accepts one",
        "AMD 56860, ATTESTATION_REPORT.VMPL")
FINDING(SNP_REPORT_DATA, "snp.report_data", POLICY, ERROR,
        "REPORT_DATA, all 64 bytes",
        "ask for a new report with {expected} as its report data; this one answers another question",
        "AMD 56860, ATTESTATION_REPORT.REPORT_DATA")
FINDING(SNP_MEASUREMENT, "snp.measurement", POLICY, ERROR,
        "the launch measurement among snp.measurement",
        "launch the image that {expected} stands for, or add {got} to snp.measurement once you know what it measures",
        "AMD 56860, SNP_LAUNCH_UPDATE")
FINDING(SNP_MEASUREMENT_ABSENT, "snp.measurement.absent", POLICY, ERROR,
        "reference values for the launch measurement",
        "set snp.measurement (this report has {got}), or waive \"measurement\" and accept any guest",
        "docs/policy.md")
FINDING(SNP_HOST_DATA, "snp.host_data", POLICY, ERROR,
        "HOST_DATA among snp.host_data",
        "launch the guest with {expected} as host data, or add {got} to snp.host_data",
        "AMD 56860, ATTESTATION_REPORT.HOST_DATA")
FINDING(SNP_TCB_REPORTED, "snp.tcb.reported", POLICY, ERROR,
        "REPORTED_TCB against snp.min_tcb in {subject}",
        "update the machine's firmware until {subject} is {expected}, or lower snp.min_tcb.{subject} to {got}",
        "AMD 56860, TCB versions")
FINDING(SNP_TCB_COMMITTED, "snp.tcb.committed", POLICY, ERROR,
        "COMMITTED_TCB against snp.min_committed_tcb in {subject}",
        "commit the machine's firmware (SNP_COMMIT) at {subject} {expected}, or lower snp.min_committed_tcb.{subject} to {got}",
        "AMD 56860, TCB versions")
FINDING(SNP_TCB_LAUNCH, "snp.tcb.launch", POLICY, ERROR,
        "LAUNCH_TCB against snp.min_launch_tcb in {subject}",
        "launch the guest again on firmware whose {subject} is {expected}, or lower snp.min_launch_tcb.{subject} to {got}",
        "AMD 56860, TCB versions")
FINDING(SNP_TCB_ABSENT, "snp.tcb.absent", POLICY, ERROR,
        "a minimum for the TCB",
        "set snp.min_tcb (this machine has {got}), or waive \"min_tcb\" and accept firmware with known holes",
        "docs/policy.md")
FINDING(SNP_CHIP_ID, "snp.chip_id", POLICY, ERROR,
        "the chip among snp.chip_id",
        "run the guest on a chip of the list, or add {got} to snp.chip_id",
        "AMD 56860, ATTESTATION_REPORT.CHIP_ID")
FINDING(SNP_CSP_ID, "snp.csp_id", POLICY, ERROR,
        "the cloud provider of the VLEK among snp.csp_id",
        "run the guest at a provider of the list, or add {got} to snp.csp_id",
        "AMD 57230, cspID")
FINDING(SNP_ID_KEY, "snp.id_key_digest", POLICY, ERROR,
        "the key that signed the ID block among snp.id_key_digest",
        "launch the guest with an ID block signed by {expected}, or add {got} to snp.id_key_digest",
        "AMD 56860, SNP_LAUNCH_FINISH: ID block")
FINDING(SNP_AUTHOR_KEY, "snp.author_key_digest", POLICY, ERROR,
        "the author key among snp.author_key_digest",
        "launch the guest with an ID key certified by {expected}, or add {got} to snp.author_key_digest",
        "AMD 56860, SNP_LAUNCH_FINISH: ID block")
FINDING(SNP_SMT, "snp.smt", POLICY, ERROR,
        "that no other guest shares the core",
        "launch the guest with bit 16 (SMT) of its policy clear, or on a machine with SMT switched off",
        "AMD 56860, guest policy; PLATFORM_INFO")
FINDING(SNP_ALIAS_CHECK, "snp.alias_check", POLICY, ERROR,
        "that the firmware looked for aliased memory",
        "update the machine's firmware: ALIAS_CHECK_COMPLETE is told from report version 3 on",
        "AMD-SB-3015; AMD 56860, PLATFORM_INFO")
FINDING(SNP_CIPHERTEXT, "snp.ciphertext_hiding", POLICY, ERROR,
        "that the host cannot see the ciphertext of memory",
        "switch ciphertext hiding on in the machine (Turin and later), or take snp.require_ciphertext_hiding out of the policy",
        "AMD 56860, PLATFORM_INFO")
FINDING(SNP_MITIGATION_CURRENT, "snp.mitigations.current", POLICY, ERROR,
        "CURRENT_MIT_VECTOR has all bits of snp.min_current_mit_vector",
        "update the machine's firmware until the mitigations {expected} are active; reports before version 5 cannot show them",
        "AMD 56860, ATTESTATION_REPORT.CURRENT_MIT_VECTOR")
FINDING(SNP_MITIGATION_LAUNCH, "snp.mitigations.launch", POLICY, ERROR,
        "LAUNCH_MIT_VECTOR has all bits of snp.min_launch_mit_vector",
        "launch the guest again while the mitigations {expected} are active; reports before version 5 cannot show them",
        "AMD 56860, ATTESTATION_REPORT.LAUNCH_MIT_VECTOR")
/* clang-format on */
