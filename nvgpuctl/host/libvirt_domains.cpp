// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/libvirt_domains.hpp"

#include <fmt/format.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#include <cstdlib>
#include <functional>
#include <string_view>

#include "base/text.hpp"
#include "core/hostdev_scan.hpp"
#include "host/child_answer.hpp"
#include "host/find_function.hpp"

namespace nvgpuctl {
namespace {

// libvirt's own limit for a text, and a line in front.
constexpr std::size_t kMaxAnswer = (4 << 20) + 4096;

// The child's answer: one of these words, a line break, then the text.
constexpr std::string_view kDone = "done";
constexpr std::string_view kAbsent = "absent";
constexpr std::string_view kChanged = "changed";
constexpr std::string_view kDenied = "denied";
constexpr std::string_view kTransient = "transient";
constexpr std::string_view kSaved = "saved";
constexpr std::string_view kFailed = "failed";

// The part of libvirt that we use, with the types of its own header.
struct Libvirt {
  explicit Libvirt(void* library)
      : open(
            find_function<decltype(virConnectOpen)>(library, "virConnectOpen")),
        open_read_only(find_function<decltype(virConnectOpenReadOnly)>(
            library, "virConnectOpenReadOnly")),
        by_name(find_function<decltype(virDomainLookupByName)>(
            library, "virDomainLookupByName")),
        by_uuid(find_function<decltype(virDomainLookupByUUIDString)>(
            library, "virDomainLookupByUUIDString")),
        xml(find_function<decltype(virDomainGetXMLDesc)>(
            library, "virDomainGetXMLDesc")),
        define(find_function<decltype(virDomainDefineXMLFlags)>(
            library, "virDomainDefineXMLFlags")),
        is_persistent(find_function<decltype(virDomainIsPersistent)>(
            library, "virDomainIsPersistent")),
        has_managed_save(find_function<decltype(virDomainHasManagedSaveImage)>(
            library, "virDomainHasManagedSaveImage")),
        list(find_function<decltype(virConnectListAllDomains)>(
            library, "virConnectListAllDomains")),
        name(find_function<decltype(virDomainGetName)>(library,
                                                       "virDomainGetName")),
        last_error(find_function<decltype(virGetLastError)>(
            library, "virGetLastError")) {}

  bool complete() const {
    return open != nullptr && open_read_only != nullptr && by_name != nullptr &&
           by_uuid != nullptr && xml != nullptr && define != nullptr &&
           is_persistent != nullptr && has_managed_save != nullptr &&
           list != nullptr && name != nullptr && last_error != nullptr;
  }

  decltype(virConnectOpen)* open;
  decltype(virConnectOpenReadOnly)* open_read_only;
  decltype(virDomainLookupByName)* by_name;
  decltype(virDomainLookupByUUIDString)* by_uuid;
  decltype(virDomainGetXMLDesc)* xml;
  decltype(virDomainDefineXMLFlags)* define;
  decltype(virDomainIsPersistent)* is_persistent;
  decltype(virDomainHasManagedSaveImage)* has_managed_save;
  decltype(virConnectListAllDomains)* list;
  decltype(virDomainGetName)* name;
  decltype(virGetLastError)* last_error;
};

// The functions below run in the child, which ends after its answer; nothing is
// freed.
struct Session {
  const Libvirt& libvirt;
  virConnect* connection;
  int out;

  void answer(std::string_view word, std::string_view text) const {
    say(out, fmt::format("{}\n{}", word, text));
  }

  void answer_failure() const {
    const virError* error = libvirt.last_error();
    if (error == nullptr || error->message == nullptr) {
      answer(kFailed, "libvirt gives no reason");
    } else if (error->code == VIR_ERR_NO_DOMAIN) {
      answer(kAbsent, error->message);
    } else if (error->code == VIR_ERR_AUTH_FAILED ||
               error->code == VIR_ERR_ACCESS_DENIED ||
               error->code == VIR_ERR_OPERATION_DENIED) {
      answer(kDenied, error->message);
    } else {
      answer(kFailed, error->message);
    }
  }

  virDomain* find(const std::string& domain) const {
    virDomain* found = libvirt.by_name(connection, domain.c_str());
    if (found != nullptr) {
      return found;
    }
    // A name that is no UUID must not hide that there is no such name.
    constexpr std::size_t kUuidLength = 36;
    if (domain.size() != kUuidLength) {
      return nullptr;
    }
    return libvirt.by_uuid(connection, domain.c_str());
  }

  const char* inactive(virDomain* domain, Secrets secrets) const {
    unsigned flags = VIR_DOMAIN_XML_INACTIVE;
    if (secrets == Secrets::include) {
      flags |= VIR_DOMAIN_XML_SECURE;
    }
    return libvirt.xml(domain, flags);
  }
};

void answer_xml(const Session& session, const std::string& name,
                Secrets secrets) {
  virDomain* domain = session.find(name);
  const char* xml =
      domain == nullptr ? nullptr : session.inactive(domain, secrets);
  if (xml == nullptr) {
    session.answer_failure();
    return;
  }
  session.answer(kDone, xml);
}

// The old definition finds the domain: libvirt always writes the UUID.
std::string uuid_in(std::string_view xml) {
  constexpr std::string_view kStart = "<uuid>";
  const auto at = xml.find(kStart);
  const auto end = xml.find("</uuid>");
  return at == std::string_view::npos || end == std::string_view::npos ||
                 end < at + kStart.size()
             ? std::string()
             : std::string(trim(
                   xml.substr(at + kStart.size(), end - at - kStart.size())));
}

void define(const Session& session, const Definition& definition) {
  virDomain* old = session.find(uuid_in(definition.old_xml));
  const char* now =
      old == nullptr ? nullptr : session.inactive(old, Secrets::include);
  if (now == nullptr) {
    session.answer_failure();
    return;
  }
  if (now != definition.old_xml) {
    session.answer(kChanged, "");
    return;
  }
  if (session.libvirt.is_persistent(old) == 0) {
    session.answer(kTransient, "");
    return;
  }
  if (session.libvirt.has_managed_save(old, 0) == 1) {
    session.answer(kSaved, "");
    return;
  }
  unsigned flags = 0;
  if (definition.validate) {
    flags |= VIR_DOMAIN_DEFINE_VALIDATE;
  }
  virDomain* defined = session.libvirt.define(
      session.connection, definition.new_xml.c_str(), flags);
  const char* read_back = defined == nullptr
                              ? nullptr
                              : session.inactive(defined, Secrets::include);
  if (read_back == nullptr) {
    session.answer_failure();
    return;
  }
  session.answer(kDone, read_back);
}

void answer_list(const Session& session) {
  virDomain** domains = nullptr;
  const int count = session.libvirt.list(session.connection, &domains, 0);
  if (count < 0) {
    session.answer_failure();
    return;
  }
  std::string names;
  for (int i = 0; i < count; ++i) {
    const char* name = session.libvirt.name(domains[i]);
    names += name == nullptr ? "" : fmt::format("{}\n", name);
  }
  session.answer(kDone, names);
}

// A line for each domain that runs: its functions, and its name.
void answer_running(const Session& session) {
  virDomain** domains = nullptr;
  const int count = session.libvirt.list(session.connection, &domains,
                                         VIR_CONNECT_LIST_DOMAINS_ACTIVE);
  if (count < 0) {
    session.answer_failure();
    return;
  }
  std::string lines;
  for (int i = 0; i < count; ++i) {
    const char* name = session.libvirt.name(domains[i]);
    const char* xml = session.libvirt.xml(domains[i], 0);
    if (name == nullptr || xml == nullptr) {
      continue;  // it has ended meanwhile
    }
    std::string functions;
    const auto found = addresses_in(xml);
    for (const auto& address : found.value_or(std::vector<PciAddress>{})) {
      functions += (functions.empty() ? "" : ",") + to_string(address);
    }
    lines += fmt::format("{} {}\n", functions, name);
  }
  session.answer(kDone, lines);
}

void connect(const LibvirtService& service, bool read_only, int out,
             const std::function<void(const Session&)>& work) {
  void* library = ::dlopen(service.library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    say(out, fmt::format("{}\nlibvirt is not installed", kFailed));
    return;
  }
  const Libvirt libvirt(library);
  if (!libvirt.complete()) {
    say(out, fmt::format("{}\nthe installed libvirt cannot be used", kFailed));
    return;
  }
  virConnect* connection = read_only
                               ? libvirt.open_read_only(service.uri.c_str())
                               : libvirt.open(service.uri.c_str());
  const Session session{libvirt, connection, out};
  if (connection == nullptr) {
    session.answer_failure();
    return;
  }
  work(session);
}

Result<std::string> understand(const ChildAnswer& answer,
                               const std::string& subject,
                               const LibvirtService& service) {
  if (!answer.problem.empty()) {
    return fail(Errc::io, subject, answer.problem);
  }
  if (!answer.ended) {
    return fail(Errc::io, subject,
                fmt::format("{} did not answer within {} ms", service.uri,
                            service.deadline.count()),
                "systemctl status libvirtd virtqemud shows whether it runs");
  }
  const auto line = answer.text.find('\n');
  const std::string word = answer.text.substr(0, line);
  const std::string text =
      line == std::string::npos ? std::string() : answer.text.substr(line + 1);
  if (word == kDone) {
    return text;
  }
  if (word == kAbsent) {
    return fail(Errc::not_found, subject, text, "virsh list --all has them");
  }
  if (word == kChanged) {
    return fail(Errc::busy, subject,
                "somebody has changed it since it was read",
                "nothing was done; try again");
  }
  if (word == kTransient) {
    return fail(Errc::unsupported, subject,
                "is transient, and defining it would keep it for ever",
                "nothing was done; change what creates it, or define it first");
  }
  if (word == kSaved) {
    return fail(Errc::busy, subject,
                "has a saved state, from which it starts as it was before",
                "nothing was done; start it and shut it down, or virsh "
                "managedsave-remove drops the state");
  }
  if (word == kDenied) {
    return fail(Errc::permission, subject, text);
  }
  return fail(Errc::io, subject,
              text.empty() ? "asking libvirt ended without an answer" : text);
}

}  // namespace

Result<std::string> inactive_xml(const std::string& domain, Secrets secrets,
                                 const LibvirtService& service) {
  // libvirt tells secrets only to those who could change the domain, too.
  const ChildAnswer answer = ask_child(
      [&](int out) {
        connect(service, secrets == Secrets::leave_out, out,
                [&](const Session& session) {
                  answer_xml(session, domain, secrets);
                });
      },
      service.deadline, kMaxAnswer);
  return understand(answer, "domain " + domain, service);
}

Result<std::string> define_domain(const Definition& definition,
                                  const LibvirtService& service) {
  const ChildAnswer answer = ask_child(
      [&](int out) {
        connect(service, false, out,
                [&](const Session& session) { define(session, definition); });
      },
      service.deadline, kMaxAnswer);
  return understand(answer, "domain " + uuid_in(definition.old_xml), service);
}

Result<std::vector<std::string>> list_domains(const LibvirtService& service) {
  const ChildAnswer answer =
      ask_child([&](int out) { connect(service, true, out, answer_list); },
                service.deadline, kMaxAnswer);
  const auto text = understand(answer, service.uri, service);
  if (!text) {
    return forward_error(text);
  }
  std::vector<std::string> names;
  for (const auto name : split(*text, '\n')) {
    if (!name.empty()) {
      names.emplace_back(name);
    }
  }
  return names;
}

Result<std::vector<RunningDomain>> running_domains(
    const LibvirtService& service) {
  const ChildAnswer answer =
      ask_child([&](int out) { connect(service, true, out, answer_running); },
                service.deadline, kMaxAnswer);
  const auto text = understand(answer, service.uri, service);
  if (!text) {
    return forward_error(text);
  }
  std::vector<RunningDomain> domains;
  for (const auto line : split(*text, '\n')) {
    const auto space = line.find(' ');
    if (space == std::string_view::npos) {
      continue;
    }
    RunningDomain domain{std::string(line.substr(space + 1)), {}};
    for (const auto function : split(line.substr(0, space), ',')) {
      if (const auto address = parse_pci_address(function)) {
        domain.devices.push_back(*address);
      }
    }
    domains.push_back(std::move(domain));
  }
  return domains;
}

}  // namespace nvgpuctl
