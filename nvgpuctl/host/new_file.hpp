// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "host/root_dir.hpp"

namespace nvgpuctl {

// A file that the operator wants, not one of the host (RootDir). It must not be
// there yet, and there is none where it could not be written whole. `everybody`
// is whom the umask lets read.
Result<> write_new_file(const std::string& path, std::string_view text,
                        Readers readers);

// What write_new_file() says of a file that is there.
tl::unexpected<Error> exists_already(const std::string& path);

}  // namespace nvgpuctl
