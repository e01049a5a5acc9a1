/* Runs a fuzz target over the files of its corpus directory, so that `make check` replays what the
 * fuzzer once found without needing the fuzzer. */
#include "lib/base/file.h"

#include <dirent.h>
#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int main(int argc, char **argv)
{
    DIR *dir = argc == 2 ? opendir(argv[1]) : NULL;
    struct dirent *entry;
    struct err err;
    int count = 0;

    if (dir == NULL) {
        fprintf(stderr, "usage: %s CORPUS-DIRECTORY (which must exist)\n", argv[0]);
        return 2;
    }
    while ((entry = readdir(dir)) != NULL) {
        OWNED_BUF input = BUF_OF(16 * MIB);

        if (entry->d_name[0] == '.')
            continue;
        if (file_read_at(dirfd(dir), entry->d_name, &input, &err) < 0) {
            fprintf(stderr, "%s: %s\n", entry->d_name, err.text);
            return 1;
        }
        LLVMFuzzerTestOneInput(input.data, input.len);
        count++;
    }
    closedir(dir);
    printf("replayed %d inputs\n", count);
    return count > 0 ? 0 : 1;
}
