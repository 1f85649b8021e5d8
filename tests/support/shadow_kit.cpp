// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/shadow_kit.h"

#include <algorithm>
#include <iterator>

namespace umbra::test {

void shadow_record::add(std::string line) {
  const std::scoped_lock lock(mutex_);
  lines_.push_back(std::move(line));
}

std::vector<std::string> shadow_record::lines() const {
  const std::scoped_lock lock(mutex_);
  return lines_;
}

bool shadow_record::holds(const std::string& line) const { return count(line) > 0; }

std::size_t shadow_record::count(const std::string& line) const {
  const std::scoped_lock lock(mutex_);
  return static_cast<std::size_t>(std::ranges::count(lines_, line));
}

std::size_t shadow_record::place(const std::string& line) const {
  const auto all = lines();
  const auto found = std::ranges::find(all, line);
  EXPECT_NE(found, all.end()) << "never happened: " << line;
  return static_cast<std::size_t>(found - all.begin());
}

// --- writer

scripted_writer::scripted_writer(std::string name, sh::application_level level, shadow_record& record) : record_(record) {
  for (std::size_t i = 0; i < name.size() && i < 16; ++i) document.identity.class_id.bytes[i] = static_cast<std::byte>(name[i]);
  document.identity.instance_id = document.identity.class_id;
  document.identity.name = std::move(name);
  document.identity.level = level;
}

result<void> scripted_writer::act(sh::event what) {
  const auto& b = at[what];
  std::unique_lock lock(mutex_);
  cancelled_ = false;
  record_.add("writer " + document.identity.name + ": " + std::string(sh::name_of(what)));
  if (b.hangs) changed_.wait(lock, [this] { return cancelled_; });
  if (b.takes.count() > 0) changed_.wait_for(lock, b.takes, [this] { return cancelled_; });
  if (cancelled_) return sh::failure(sh::result_code::e_writererror_timeout, "cancelled");
  if (b.fails) return *b.fails;
  return success();
}

result<sh::writer_metadata> scripted_writer::identify(const sh::writer_session&) {
  CHECK(act(sh::event::identify));
  return document;
}

result<void> scripted_writer::handle(const sh::writer_call& call) {
  if (at[call.what].acts) at[call.what].acts(call);
  return act(call.what);
}

void scripted_writer::cancel() noexcept {
  const std::scoped_lock lock(mutex_);
  cancelled_ = true;
  changed_.notify_all();
}

// --- provider

scripted_provider::scripted_provider(std::string name, sh::provider_type type, shadow_record& record) : record_(record) {
  for (std::size_t i = 0; i < name.size() && i < 16; ++i) properties_.provider_id.bytes[i] = static_cast<std::byte>(name[i]);
  properties_.provider_name = std::move(name);
  properties_.type = type;
}

result<void> scripted_provider::did(const std::string& call) {
  record_.add("provider " + properties_.provider_name + ": " + call);
  if (const auto a = acts.find(call); a != acts.end()) a->second();
  if (const auto f = fails.find(call); f != fails.end()) return f->second;
  return success();
}

result<void> scripted_provider::is_volume_supported(const sh::volume& v, sh::volume_snapshot_attributes) {
  if (supports.empty() || supports.contains(v.name)) return success();
  return sh::failure(sh::result_code::e_volume_not_supported_by_provider, "not its kind");
}

result<void> scripted_provider::begin_prepare_snapshot(const sh::guid& set, const sh::guid& snapshot, const sh::volume& v,
                                                       sh::volume_snapshot_attributes attributes) {
  CHECK(did("begin_prepare_snapshot"));
  sh::snapshot_prop p;
  p.snapshot_id = snapshot;
  p.snapshot_set_id = set;
  p.original_volume_name = v.name;
  p.provider_id = properties_.provider_id;
  p.attributes = attributes;
  p.status = sh::snapshot_state::preparing;
  copies_[snapshot] = p;
  return success();
}

result<void> scripted_provider::end_prepare_snapshots(const sh::guid&) { return did("end_prepare_snapshots"); }
result<void> scripted_provider::pre_commit_snapshots(const sh::guid&) { return did("pre_commit_snapshots"); }
result<void> scripted_provider::commit_snapshots(const sh::guid&) { return did("commit_snapshots"); }
result<void> scripted_provider::pre_final_commit_snapshots(const sh::guid&) { return did("pre_final_commit_snapshots"); }

result<void> scripted_provider::post_commit_snapshots(const sh::guid& set, std::uint32_t count) {
  CHECK(did("post_commit_snapshots"));
  for (auto& [id, p] : copies_) {
    if (p.snapshot_set_id == set) p.snapshots_count = count;
  }
  return success();
}

result<void> scripted_provider::post_final_commit_snapshots(const sh::guid& set) {
  CHECK(did("post_final_commit_snapshots"));
  for (auto& [id, p] : copies_) {
    if (p.snapshot_set_id == set) p.status = sh::snapshot_state::created;
  }
  return success();
}

result<void> scripted_provider::abort_snapshots(const sh::guid& set) {
  CHECK(did("abort_snapshots"));
  std::erase_if(copies_, [&](const auto& entry) { return entry.second.snapshot_set_id == set; });
  return success();
}

result<std::vector<sh::snapshot_prop>> scripted_provider::query() {
  std::vector<sh::snapshot_prop> list;
  for (const auto& [id, p] : copies_) list.push_back(p);
  return list;
}

result<std::vector<sh::diff_area_prop>> scripted_provider::query_diff_areas() {
  CHECK(did("query_diff_areas"));
  return areas;
}

result<void> scripted_provider::delete_snapshot(const sh::guid& snapshot) {
  CHECK(did("delete_snapshot"));
  copies_.erase(snapshot);
  return success();
}

result<std::unique_ptr<io::device>> scripted_provider::open_snapshot(const sh::guid&) {
  return std::unique_ptr<io::device>(std::make_unique<io::memory_device>(std::uint64_t{4096}));
}

result<void> scripted_provider::check_snapshot(const sh::guid&) {
  if (lost) return sh::failure(sh::result_code::e_insufficient_storage, "its storage overflowed");
  return success();
}

result<std::string> scripted_provider::node_of(const sh::guid& snapshot) {
  if (!has_nodes) return error(errc::unsupported, "no node");
  return "/dev/copy" + copies_.at(snapshot).original_volume_name;
}
result<void> scripted_provider::release_node(const sh::guid&) { return success(); }
result<std::string> scripted_provider::source_of(const sh::guid& snapshot) {
  return "/dev" + copies_.at(snapshot).original_volume_name;
}
result<void> scripted_provider::revert_to_snapshot(const sh::guid&) { return did("revert_to_snapshot"); }

// --- world

namespace {

class scripted_freezer final : public sh::freezer {
 public:
  scripted_freezer(shadow_world& world, sh::freeze_request request) : world_(world), request_(std::move(request)) {}
  ~scripted_freezer() override { (void)thaw().has_error(); }

  result<void> begin_writers() override { return success(); }
  result<void> freeze() override {
    if (world_.freeze_fails) return *world_.freeze_fails;
    for (auto m = request_.mount_points.rbegin(); m != request_.mount_points.rend(); ++m) {
      world_.record.add("freeze " + *m);
      world_.frozen_now.insert(*m);
    }
    return success();
  }
  result<void> thaw() override {
    for (const auto& m : request_.mount_points) {
      if (world_.frozen_now.erase(m) > 0) world_.record.add("thaw " + m);
    }
    if (world_.thaw_fails) return *world_.thaw_fails;
    return success();
  }
  result<void> end_writers() override {
    if (!world_.guardian_sends_writers_on) return success();
    return sh::failure(sh::result_code::e_writererror_timeout, "writers were held for too long");
  }
  const std::vector<std::string>& not_frozen() const override { return none_; }
  std::chrono::microseconds held() const override { return std::chrono::microseconds(1234); }

 private:
  shadow_world& world_;
  sh::freeze_request request_;
  std::vector<std::string> none_;
};

class scripted_lock final : public sh::set_lock {};

}  // namespace

shadow_world::shadow_world() : random_(seeded_random(1)) {}

scripted_writer& shadow_world::add_writer(const std::string& name, sh::application_level level) {
  writers.push_back(std::make_shared<scripted_writer>(name, level, record));
  return *writers.back();
}

scripted_provider& shadow_world::add_provider(const std::string& name, sh::provider_type type) {
  providers.push_back(std::make_shared<scripted_provider>(name, type, record));
  return *providers.back();
}

std::unique_ptr<sh::backup_components> shadow_world::session() {
  sh::environment e;
  e.providers.assign(providers.begin(), providers.end());
  e.start_writers = [this](const auto& problem) {
    std::vector<std::shared_ptr<sh::writer>> all(writers.begin(), writers.end());
    if (start_programs) std::ranges::move(start_programs(problem), std::back_inserter(all));
    return all;
  };
  e.make_freezer = [this](const sh::freeze_request& r) -> result<std::unique_ptr<sh::freezer>> {
    return std::unique_ptr<sh::freezer>(std::make_unique<scripted_freezer>(*this, r));
  };
  e.find_volume = [this](const std::string& name) { return find_volume(name); };
  e.mount_for_writers = [this](const std::string& node, const std::string& type, std::size_t n) -> result<std::string> {
    record.add("mount " + node + " " + type + " for writers");
    if (mount_for_writers_fails) return *mount_for_writers_fails;
    return "/copies/" + std::to_string(n);
  };
  e.unmount_from_writers = [this](const std::string& folder) -> result<void> {
    record.add("unmount " + folder);
    if (unmount_from_writers_fails) return *unmount_from_writers_fails;
    return success();
  };
  e.lies_on = [this](const std::string& inside, const std::string& disk) -> result<bool> {
    const auto file = files.find(inside);
    return file != files.end() && "/dev" + file->second == disk;
  };
  e.mount_points = [this] { return mounted; };
  e.lock_sets = [this]() -> result<std::unique_ptr<sh::set_lock>> {
    if (locked_by_another) return sh::failure(sh::result_code::e_snapshot_set_in_progress, "another requester makes a set");
    return std::unique_ptr<sh::set_lock>(std::make_unique<scripted_lock>());
  };
  e.random = random_.get();
  e.now = [] { return std::int64_t{1'700'000'000}; };
  e.machine = "test";
  return sh::create_backup_components(std::move(e));
}

result<sh::volume> shadow_world::find_volume(const std::string& path) const {
  if (!path.starts_with("/")) return error(errc::not_found, path);
  const bool is_node = path.starts_with("/dev/");
  const auto name = is_node ? path.substr(4) : path;
  const bool is_mounted = !unmounted.contains(name);
  if (!is_mounted && !is_node) return error(errc::usage, path + " is a folder, not a mount point, disk or file");
  sh::volume v;
  v.device = "/dev" + name;
  v.name = is_mounted ? name : v.device;
  v.size = 4096;
  v.read_only = !is_mounted || read_only.contains(name);
  v.number = {8, 1};
  if (const auto image = images.find(name); image != images.end()) v.backing_file = image->second;
  if (is_mounted) v.mount_point = name;
  if (is_mounted) v.file_system = "ext4";
  return v;
}

void shadow_world::expect_all_go_on() const {
  EXPECT_TRUE(frozen_now.empty()) << *frozen_now.begin() << " is frozen";
  for (const auto& p : providers) {
    const auto copies = p->query().assume_value();
    for (const auto& copy : copies)
      EXPECT_EQ(copy.status, sh::snapshot_state::created) << p->properties().provider_name << " left a copy in the making";
  }
  for (const auto& w : writers) {
    const auto name = "writer " + w->identity().name + ": ";
    if (!record.holds(name + "freeze")) continue;
    EXPECT_TRUE(record.holds(name + "thaw") || record.holds(name + "abort")) << name << "left frozen";
  }
}

}  // namespace umbra::test
