// Errors as values: who is at fault, what was being done, and why it failed.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>

namespace sse_proxy {

// Whose fault it is decides the status: the client's is a 4xx, the upstream's a 502 or 504, ours a 500.
enum class Side : uint8_t { client, upstream, self };

// One failure, as the user will read it: `message` is a whole clause that names operation and object.
struct Error {
  Side side = Side::self;
  int status = 0;  // the HTTP status that answers it where an answer is still possible; 0: none
  std::string message;
  std::string detail = {};  // for the log alone: addresses, names, what a library said
};

// A T or an Error. Test it before dereferencing; both accessors are preconditions, not checks.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}
  Result(Error error) : value_(std::move(error)) {}
  explicit operator bool() const noexcept { return value_.index() == 0; }
  const T& operator*() const& { return std::get<0>(value_); }
  T&& operator*() && { return std::get<0>(std::move(value_)); }
  const T* operator->() const { return &std::get<0>(value_); }
  const Error& error() const { return std::get<1>(value_); }

 private:
  std::variant<T, Error> value_;
};

}  // namespace sse_proxy
