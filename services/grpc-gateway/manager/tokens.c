#include "services/grpc-gateway/manager/tokens.h"

#include "lib/base/file.h"
#include "lib/base/text.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define FILE_MAX    (256 * KIB)
#define CLIENTS_MAX 1024
#define HEX_SIZE    (2 * SHA256_SIZE)

struct client_token {
    uint8_t identity[SHA256_SIZE];
    char *token;
};

struct client_tokens {
    struct client_token *clients;
    size_t count;
};

void client_tokens_free(struct client_tokens *tokens)
{
    if (tokens == NULL)
        return;
    for (size_t i = 0; i < tokens->count; i++) {
        mem_wipe(tokens->clients[i].token, strlen(tokens->clients[i].token));
        free(tokens->clients[i].token);
    }
    free(tokens->clients);
    free(tokens);
}

static bool is_token(const char *text)
{
    for (const char *at = text; *at != '\0'; at++)
        if (*at <= ' ' || *at > '~')
            return false;
    return text[0] != '\0';
}

static int add_line(struct client_tokens *tokens, char *line, struct err *err)
{
    struct client_token client = {0};

    if (line[0] == '\0' || line[0] == '#')
        return 0;
    if (tokens->count == CLIENTS_MAX)
        return err_set(err, ERR_INPUT, "more than %d clients", CLIENTS_MAX);
    if (strlen(line) <= HEX_SIZE || line[HEX_SIZE] != ' ' || !is_token(line + HEX_SIZE + 1))
        return err_set(err, ERR_INPUT, "not the 64 hex digits of a key, a blank, and a token");
    line[HEX_SIZE] = '\0';
    if (text_parse_hex(line, client.identity, SHA256_SIZE, err) < 0)
        return -1;
    for (size_t i = 0; i < tokens->count; i++)
        if (span_equal(SPAN_OF_ARRAY(client.identity), SPAN_OF_ARRAY(tokens->clients[i].identity)))
            return err_set(err, ERR_INPUT, "the key stands there twice");
    client.token = mem_strdup(line + HEX_SIZE + 1);
    tokens->clients = mem_resize(tokens->clients, tokens->count + 1, sizeof(client));
    tokens->clients[tokens->count++] = client;
    return 0;
}

static int read_private(const char *path, struct buf *out, struct err *err)
{
    OWNED(close_fd) int fd = -1;
    struct stat status;

    if (file_open_at(AT_FDCWD, path, &fd, err) < 0)
        return -1;
    if (fstat(fd, &status) < 0)
        return err_set_errno(err, ERR_SYSTEM, "fstat");
    if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        return err_set(err, ERR_USAGE,
                       "others may read or write it (mode %03o): it holds tokens, chmod 600 it",
                       status.st_mode & 0777U);
    return file_read_fd(fd, out, err);
}

int client_tokens_load(const char *path, struct client_tokens **ret, struct err *err)
{
    OWNED_OF(client_tokens) *tokens = mem_new(struct client_tokens);
    OWNED_BUF text = {.max = FILE_MAX, .secret = true};
    char *line, *rest = NULL;
    size_t number = 0;

    if (read_private(path, &text, err) < 0 || buf_check(&text, "the file", err) < 0)
        return err_wrap(err, "tokens '%s'", path);
    buf_add_u8(&text, 0);
    for (line = (char *)text.data; line != NULL; line = rest) {
        rest = strchr(line, '\n');
        if (rest != NULL)
            *rest++ = '\0';
        number++;
        if (add_line(tokens, line, err) < 0)
            return err_wrap(err, "tokens '%s', line %zu", path, number);
    }
    *ret = GIVE(tokens);
    return 0;
}

int client_tokens_find(const struct client_tokens *tokens, const struct h2_peer *peer,
                       const char **ret, struct err *err)
{
    char text[HEX_SIZE + 1];

    if (!peer->has_identity)
        return err_set(err, ERR_UNAUTHENTICATED,
                       "no client certificate: its key says on whose behalf the manager is asked");
    for (size_t i = 0; i < tokens->count; i++)
        if (span_equal(SPAN_OF_ARRAY(peer->identity), SPAN_OF_ARRAY(tokens->clients[i].identity))) {
            *ret = tokens->clients[i].token;
            return 0;
        }
    text_hex(peer->identity, SHA256_SIZE, text);
    return err_set(err, ERR_FORBIDDEN, "nobody here knows the client with the key %s", text);
}
