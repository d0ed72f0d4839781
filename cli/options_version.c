/* --version: the version, and what this build contains. Meson defines the names of the libraries. */
#include "cli/options_table.h"
#include "io/filters/pcap_module.h"
#include "io/html/html.h"
#include "io/module.h"
#include "io/ranks/ranks.h"
#include "io/reports/names.h"
#include "io/sheets/xlsx_load.h"

#include <stdlib.h>

/* libpcap belongs to a module, so its version is that of the library in use. */
static void print_filters(FILE *to)
{
    char error[256];
    const struct pcap_module *pcap = module_load(PCAP_MODULE_FILE, PCAP_MODULE_SYMBOL, error, sizeof error);
    fprintf(to, "Capture filters: %s\n", pcap ? pcap->library() : error);
}

/* Likewise. */
static void print_workbooks(FILE *to)
{
    char error[256];
    const struct xlsx_module *xlsx = xlsx_load(error, sizeof error);
    fprintf(to, "Workbooks (xlsx): %s%s\n", xlsx ? "libxlsxwriter " : "", xlsx ? xlsx->library() : error);
}

static void print_ranks(FILE *to)
{
    char *libraries = ranks_libraries();
    fprintf(to, "MPI: %s\n", libraries ? libraries : "out of memory");
    free(libraries);
}

void options_print_version(FILE *to)
{
    fputs("tcpreuse " TCPREUSE_VERSION "\nRules: as Wireshark", to);
    for (unsigned i = 0; i < RULES_NAMES; i++)
        fprintf(to, "%s %s", i ? "," : "", rules_words[i]);
    for (unsigned i = RULES_NAMES; i < RULES_WORDS; i++)
        fprintf(to, "%s %s", i == RULES_NAMES ? " (also" : ",", rules_words[i]);
    fputs(")\n"
          "Compressions: gzip (" GZIP_LIBRARY "), zstd (" ZSTD_LIBRARY "), lz4 (" LZ4_LIBRARY
          "), xz (" XZ_LIBRARY ")\n",
          to);
    print_filters(to);
    fputs("Ports: " DPDK_LIBRARY "\nCompressed IP: " ZLIB_LIBRARY "\nCommunity ID: " NETTLE_LIBRARY
          "\nReport page: ",
          to);
    fprintf(to, "%s%s\n", html_library() ? "Chart.js " : "not in this build",
            html_library() ? html_library() : "");
    print_workbooks(to);
    print_ranks(to);
    fputs("Allocator: " ALLOCATOR "\n", to);
}
