// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <poll.h>

#include <list>
#include <optional>
#include <string>
#include <vector>

#include "gpusim/gpu.hpp"
#include "gpusim/interrupts.hpp"
#include "gpusim/log.hpp"
#include "gpusim/session.hpp"
#include "gpusim/socket.hpp"

namespace nvgpuctl::gpusim {

struct ServerOptions {
  std::string socket;   // of the GPU
  std::string control;  // of those who command faults
  bool keep = false;    // goes on when its client has gone
  int stop_fd = -1;     // ends when there is something to read; -1: none
};

// Serves one GPU to one client at a time, and its control socket to several.
class Server {
 public:
  static Result<Server> open(const ServerOptions& options, Gpu& gpu, Log& log);

  // Until the client has gone, or stop_fd says so.
  Result<> run();

 private:
  // The connection of QEMU.
  struct Client {
    Fd fd;
    Session session;
    Incoming in{};
    Outgoing out{};
  };
  // One that commands faults.
  struct Commander {
    Fd fd;
    std::string line{};
    bool too_long = false;  // the line; what is left of it is dropped
    Outgoing out{};
  };

  Server(ServerOptions options, Listener device, Listener control, Gpu& gpu,
         Log& log)
      : options_(std::move(options)),
        device_(std::move(device)),
        control_(std::move(control)),
        gpu_(gpu),
        log_(log) {}

  std::vector<pollfd> wanted_events() const;
  void accept_client();
  void accept_commander();
  // Both are false when the connection is over.
  bool serve_client();
  bool serve_commander(Commander& commander);
  bool answer_message();
  void run_line(Commander& commander);
  void drop_client();
  void log_line(std::string_view line) { log_.add(Clock::now(), line); }

  ServerOptions options_;
  Listener device_;
  Listener control_;
  Gpu& gpu_;
  Log& log_;
  Interrupts interrupts_;
  std::optional<Client> client_;
  std::list<Commander> commanders_;
  bool finished_ = false;
};

}  // namespace nvgpuctl::gpusim
