/* What it means when libcurl gives up, said once, in a table. */
#include "lib/httpc/internal.h"

static const struct fault {
    CURLcode code;
    enum err_kind kind;
    const char *text; /* NULL: libcurl's own words */
    bool more;        /* and libcurl's own words besides */
} faults[] = {
    {CURLE_COULDNT_RESOLVE_HOST, ERR_UNREACHABLE, "the name of the host is not known"},
    {CURLE_COULDNT_RESOLVE_PROXY, ERR_UNREACHABLE, "the name of the proxy is not known"},
    {CURLE_COULDNT_CONNECT, ERR_UNREACHABLE, NULL},
    {CURLE_OPERATION_TIMEDOUT, ERR_TIMEOUT, NULL},
    {CURLE_SSL_CONNECT_ERROR, ERR_UNREACHABLE, NULL},
    {CURLE_GOT_NOTHING, ERR_UNREACHABLE, "the connection was closed without an answer"},
    {CURLE_SEND_ERROR, ERR_UNREACHABLE, "the connection broke while sending"},
    {CURLE_RECV_ERROR, ERR_UNREACHABLE, "the connection broke while receiving"},
    {CURLE_PARTIAL_FILE, ERR_UNREACHABLE, "the answer ended early"},
    {CURLE_PEER_FAILED_VERIFICATION, ERR_UNTRUSTED, "the server's certificate is not trusted",
     true},
    {CURLE_SSL_PINNEDPUBKEYNOTMATCH, ERR_UNTRUSTED,
     "the server's key is not the pinned one: somebody else answers here, or the pin is old"},
    {CURLE_SSL_INVALIDCERTSTATUS, ERR_UNTRUSTED, NULL},
    {CURLE_SSL_CERTPROBLEM, ERR_INPUT, NULL},
    {CURLE_SSL_CACERT_BADFILE, ERR_INPUT, "the CA is not a certificate"},
    {CURLE_WEIRD_SERVER_REPLY, ERR_UNREACHABLE, "what answers there does not speak HTTP"},
    {CURLE_UNSUPPORTED_PROTOCOL, ERR_UNREACHABLE, "what answers there does not speak HTTP"},
};

static const struct fault *find_fault(CURLcode code)
{
    for (size_t i = 0; i < COUNT_OF(faults); i++)
        if (faults[i].code == code)
            return &faults[i];
    return NULL;
}

int curl_explain(CURLcode code, const char *url, const char *curl_text, struct err *err)
{
    const struct fault *fault = find_fault(code);
    const char *theirs = curl_text[0] != '\0' ? curl_text : curl_easy_strerror(code);
    enum err_kind kind = fault != NULL ? fault->kind : ERR_INTERNAL;

    if (fault == NULL || fault->text == NULL)
        return err_set(err, kind, "%s: %s", url, theirs);
    return err_set(err, kind, "%s: %s%s%s%s", url, fault->text, fault->more ? " (" : "",
                   fault->more ? theirs : "", fault->more ? ")" : "");
}

int curl_to_err(CURLcode code, const struct transfer *x, struct err *err)
{
    if (x->failed) {
        *err = x->err;
        return -1;
    }
    return curl_explain(code, x->client->url, x->curl_text, err);
}
