#include "services/manager-api/tokens.h"

#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/crypto/digest.h"
#include "lib/crypto/secret.h"
#include "lib/json/table.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define TOKEN_PREFIX "cocos_"
#define TOKEN_BYTES  32
#define TOKEN_MAX    256
#define FILE_MAX     (512 * KIB)
#define FILE_VERSION 1

const char *const token_role_names[] = {"viewer", "operator", "admin", NULL};

struct token {
    char *name;
    int role; /* enum token_role */
    char *owner;
    struct json_bytes sha256;
};

struct token_file {
    uint32_t version;
    struct json_list tokens;
};

static const struct json_field token_fields[] = {
    JSON_FIELD_STR(token, name, 1, TOKEN_NAME_SIZE - 1, JSON_REQUIRED),
    JSON_FIELD_ENUM(token, role, token_role_names, JSON_REQUIRED),
    JSON_FIELD_STR(token, owner, 1, TOKEN_NAME_SIZE - 1, JSON_REQUIRED),
    JSON_FIELD_HEX(token, sha256, SHA256_SIZE, JSON_REQUIRED),
};
static const struct json_table token_table = JSON_TABLE("token", token, token_fields);

static const struct json_field token_file_fields[] = {
    JSON_FIELD_U32(token_file, version, FILE_VERSION, FILE_VERSION, JSON_REQUIRED),
    JSON_FIELD_LIST(token_file, tokens, &token_table, 0, TOKENS_MAX, JSON_REQUIRED),
};
static const struct json_table token_file_table =
    JSON_TABLE("tokens", token_file, token_file_fields);

/* When a file was read, so that a change is noticed. */
struct mark {
    ino_t inode;
    struct timespec changed;
    off_t size;
};

struct tokens {
    char *file_path;
    char *admin_path;
    pthread_mutex_t lock; /* of all below */
    struct token_file file;
    bool has_admin;
    uint8_t admin_sha256[SHA256_SIZE];
    struct mark file_mark, admin_mark;
};

static void release_file(struct token_file *file)
{
    json_release(&token_file_table, file);
}
#define OWNED_TOKEN_FILE __attribute__((cleanup(release_file))) struct token_file

static const struct token *token_at(const struct token_file *file, size_t index)
{
    return &((const struct token *)file->tokens.items)[index];
}

/* --- files ------------------------------------------------------------------- */

/* A file that is not there holds no tokens. */
static int read_file(const char *path, struct token_file *ret, struct err *err)
{
    OWNED_BUF text = BUF_OF(FILE_MAX);

    *ret = (struct token_file){.version = FILE_VERSION};
    if (file_read(path, &text, err) < 0)
        return err->kind == ERR_NOT_FOUND ? 0 : -1;
    if (json_decode_text(buf_span(&text), &token_file_table, ret, err) < 0)
        return err_wrap(err, "'%s'", path);
    return 0;
}

static int write_file(const char *path, const struct token_file *file, struct err *err)
{
    OWNED_JSON *json = json_encode(&token_file_table, file);
    OWNED_BUF text = BUF_OF(FILE_MAX);

    json_write_pretty(json, &text);
    if (buf_check(&text, "the tokens", err) < 0)
        return -1;
    return file_replace(path, buf_span(&text), 0600, err);
}

static struct mark mark_of(const char *path)
{
    struct stat info;

    if (stat(path, &info) < 0)
        return (struct mark){.size = -1};
    return (struct mark){info.st_ino, info.st_ctim, info.st_size};
}

static bool mark_equal(const struct mark *a, const struct mark *b)
{
    return a->inode == b->inode && a->size == b->size && a->changed.tv_sec == b->changed.tv_sec &&
           a->changed.tv_nsec == b->changed.tv_nsec;
}

static int read_admin(struct tokens *tokens, struct err *err)
{
    OWNED_BUF text = {.max = TOKEN_MAX, .secret = true};

    tokens->has_admin = false;
    if (file_read(tokens->admin_path, &text, err) < 0)
        return err->kind == ERR_NOT_FOUND ? 0 : -1;
    while (text.len > 0 && text.data[text.len - 1] == '\n')
        text.len--;
    if (text.len < TOKEN_BYTES)
        return err_set(err, ERR_INPUT, "'%s': holds no token", tokens->admin_path);
    digest_of(DIGEST_SHA256, buf_span(&text), tokens->admin_sha256);
    tokens->has_admin = true;
    return 0;
}

/* Reads what changed; with the lock held. What cannot be read lets nobody in. */
static int refresh(struct tokens *tokens, struct err *err)
{
    struct mark file = mark_of(tokens->file_path), admin = mark_of(tokens->admin_path);
    int result = 0;

    if (!mark_equal(&file, &tokens->file_mark)) {
        release_file(&tokens->file);
        result = read_file(tokens->file_path, &tokens->file, err);
        tokens->file_mark = result < 0 ? (struct mark){.size = -2} : file;
    }
    if (result == 0 && !mark_equal(&admin, &tokens->admin_mark)) {
        result = read_admin(tokens, err);
        tokens->admin_mark = result < 0 ? (struct mark){.size = -2} : admin;
    }
    return result;
}

int tokens_open(const char *state_dir, struct tokens **ret, struct err *err)
{
    struct tokens *tokens = mem_new(struct tokens);

    tokens->file_path = mem_printf("%s/" TOKENS_FILE, state_dir);
    tokens->admin_path = mem_printf("%s/" TOKENS_ADMIN_FILE, state_dir);
    tokens->file_mark.size = tokens->admin_mark.size = -2;
    pthread_mutex_init(&tokens->lock, NULL);
    if (refresh(tokens, err) < 0) {
        tokens_free(tokens);
        return -1;
    }
    *ret = tokens;
    return 0;
}

void tokens_free(struct tokens *tokens)
{
    if (tokens == NULL)
        return;
    release_file(&tokens->file);
    pthread_mutex_destroy(&tokens->lock);
    free(tokens->file_path);
    free(tokens->admin_path);
    free(tokens);
}

size_t tokens_count(struct tokens *tokens)
{
    size_t count;

    pthread_mutex_lock(&tokens->lock);
    count = tokens->file.tokens.count;
    pthread_mutex_unlock(&tokens->lock);
    return count;
}

/* --- asking ------------------------------------------------------------------- */

/* Looks at every token, whichever fits; with the lock held. */
static bool match(const struct tokens *tokens, const uint8_t sha256[static SHA256_SIZE],
                  struct token_holder *ret)
{
    struct span wanted = span_of(sha256, SHA256_SIZE);
    bool found = tokens->has_admin && secret_equal(SPAN_OF_ARRAY(tokens->admin_sha256), wanted);

    if (found)
        *ret = (struct token_holder){TOKENS_ADMIN_NAME, TOKENS_ADMIN_NAME, TOKEN_ADMIN};
    for (size_t i = 0; i < tokens->file.tokens.count; i++) {
        const struct token *token = token_at(&tokens->file, i);

        if (!secret_equal(span_of(token->sha256.data, SHA256_SIZE), wanted))
            continue;
        found = true;
        ret->role = (enum token_role)token->role;
        snprintf(ret->name, sizeof(ret->name), "%s", token->name);
        snprintf(ret->owner, sizeof(ret->owner), "%s", token->owner);
    }
    return found;
}

int tokens_find(struct tokens *tokens, struct span token, struct token_holder *ret, struct err *err)
{
    uint8_t sha256[SHA256_SIZE];
    bool found = false;
    int result = 0;

    if (token.len == 0 || token.len > TOKEN_MAX)
        return err_set(err, ERR_UNAUTHENTICATED, "the token is not known");
    digest_of(DIGEST_SHA256, token, sha256);
    pthread_mutex_lock(&tokens->lock);
    result = refresh(tokens, err);
    if (result == 0)
        found = match(tokens, sha256, ret);
    pthread_mutex_unlock(&tokens->lock);
    if (result < 0)
        return -1;
    return found ? 0 : err_set(err, ERR_UNAUTHENTICATED, "the token is not known");
}

int tokens_check_role(const struct token_holder *holder, const struct api_op *op, struct err *err)
{
    static const enum token_role needed[] = {
        [API_AUTH_NONE] = TOKEN_VIEWER,   [API_AUTH_KEY] = TOKEN_ADMIN,
        [API_AUTH_VIEWER] = TOKEN_VIEWER, [API_AUTH_OPERATOR] = TOKEN_OPERATOR,
        [API_AUTH_ADMIN] = TOKEN_ADMIN,
    };

    if (holder->role >= needed[op->auth])
        return 0;
    return err_set(err, ERR_FORBIDDEN, "'%s' is a %s; this takes the role %s", holder->name,
                   token_role_names[holder->role], token_role_names[needed[op->auth]]);
}

/* --- commands ------------------------------------------------------------------ */

/* Two who change the file at once would undo each other's change: a token that was removed would
 * come back. Held until the descriptor is closed. */
static int lock_dir(const char *state_dir, int *ret, struct err *err)
{
    OWNED(close_fd) int fd = open(state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0 || flock(fd, LOCK_EX) < 0)
        return err_set_errno(err, ERR_SYSTEM, "state directory '%s'", state_dir);
    *ret = fd;
    fd = -1;
    return 0;
}

void tokens_make(struct buf *out)
{
    uint8_t bytes[TOKEN_BYTES];

    random_bytes(bytes, sizeof(bytes));
    buf_add_str(out, TOKEN_PREFIX);
    text_encode_base64url(SPAN_OF_ARRAY(bytes), out);
    mem_wipe(bytes, sizeof(bytes));
}

static int find_name(const struct token_file *file, const char *name)
{
    for (size_t i = 0; i < file->tokens.count; i++)
        if (strcmp(token_at(file, i)->name, name) == 0)
            return (int)i;
    return -1;
}

static int check_words(const char *name, const char *role, const char *owner, int *ret_role,
                       struct err *err)
{
    if (!text_is_name(name, TOKEN_NAME_SIZE - 1) || strcmp(name, TOKENS_ADMIN_NAME) == 0)
        return err_set(err, ERR_INPUT, "'%s' is no name for a token", name);
    if (!text_is_name(owner, TOKEN_NAME_SIZE - 1))
        return err_set(err, ERR_INPUT, "'%s' is no name for an owner", owner);
    for (int i = 0; i < TOKEN_ROLE_COUNT; i++) {
        if (strcmp(token_role_names[i], role) == 0) {
            *ret_role = i;
            return 0;
        }
    }
    return err_set(err, ERR_INPUT, "'%s' is no role: expected viewer, operator or admin", role);
}

int tokens_add(const char *state_dir, const char *name, const char *role, const char *owner,
               struct buf *ret_token, struct err *err)
{
    OWNED(free_str) char *path = mem_printf("%s/" TOKENS_FILE, state_dir);
    OWNED(close_fd) int lock = -1;
    OWNED_TOKEN_FILE file = {0};
    struct token *token = NULL;
    int rank = 0;

    if (check_words(name, role, owner, &rank, err) < 0 || lock_dir(state_dir, &lock, err) < 0 ||
        read_file(path, &file, err) < 0)
        return -1;
    if (find_name(&file, name) >= 0)
        return err_set(err, ERR_STATE, "there is a token '%s' already; remove it first", name);
    if (file.tokens.count == TOKENS_MAX)
        return err_set(err, ERR_TOO_MANY, "there are %d tokens already", TOKENS_MAX);
    tokens_make(ret_token);
    file.tokens.items = mem_resize(file.tokens.items, file.tokens.count + 1, sizeof(*token));
    token = &((struct token *)file.tokens.items)[file.tokens.count++];
    *token = (struct token){.name = mem_strdup(name), .role = rank, .owner = mem_strdup(owner)};
    token->sha256.present = true;
    token->sha256.len = SHA256_SIZE;
    digest_of(DIGEST_SHA256, buf_span(ret_token), token->sha256.data);
    return write_file(path, &file, err);
}

int tokens_remove(const char *state_dir, const char *name, struct err *err)
{
    OWNED(free_str) char *path = mem_printf("%s/" TOKENS_FILE, state_dir);
    OWNED(close_fd) int lock = -1;
    OWNED_TOKEN_FILE file = {0};
    struct token *tokens = NULL, gone;
    int at = 0;

    if (lock_dir(state_dir, &lock, err) < 0 || read_file(path, &file, err) < 0)
        return -1;
    at = find_name(&file, name);
    if (at < 0)
        return err_set(err, ERR_NOT_FOUND, "there is no token '%s'", name);
    tokens = file.tokens.items;
    gone = tokens[at];
    tokens[at] = tokens[--file.tokens.count];
    json_release(&token_table, &gone);
    return write_file(path, &file, err);
}

int tokens_list(const char *state_dir, struct buf *out, struct err *err)
{
    OWNED(free_str) char *path = mem_printf("%s/" TOKENS_FILE, state_dir);
    OWNED_TOKEN_FILE file = {0};

    if (read_file(path, &file, err) < 0)
        return -1;
    for (size_t i = 0; i < file.tokens.count; i++) {
        const struct token *token = token_at(&file, i);

        buf_printf(out, "%s %s %s\n", token->name, token_role_names[token->role], token->owner);
    }
    return 0;
}
