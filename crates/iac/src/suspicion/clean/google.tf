# Configuration with its protections in place, to weaken one at a time. Written for bartizan.

resource "google_container_cluster" "a" {
  initial_node_count          = 1
  enable_legacy_abac          = false
  enable_shielded_nodes       = true
  enable_binary_authorization = true
  enable_intranode_visibility = true
  logging_service             = "logging.googleapis.com/kubernetes"
  monitoring_service          = "monitoring.googleapis.com/kubernetes"
  remove_default_node_pool    = true
  private_cluster_config {
    enable_private_nodes    = true
    enable_private_endpoint = true
    master_ipv4_cidr_block  = "10.10.0.0/28"
  }
  master_authorized_networks_config {
    cidr_blocks {
      cidr_block = "10.0.0.0/24"
    }
  }
  master_auth {
    client_certificate_config {
      issue_client_certificate = false
    }
  }
  network_policy {
    enabled = true
  }
  ip_allocation_policy {
    cluster_ipv4_cidr_block = "10.20.0.0/16"
  }
  database_encryption {
    state    = "ENCRYPTED"
    key_name = google_kms_crypto_key.a.id
  }
  workload_identity_config {
    workload_pool = "p.svc.id.goog"
  }
  pod_security_policy_config {
    enabled = true
  }
  release_channel {
    channel = "REGULAR"
  }
}

resource "google_container_node_pool" "a" {
  cluster = google_container_cluster.a.id
  management {
    auto_repair  = true
    auto_upgrade = true
  }
  node_config {
    image_type      = "COS_CONTAINERD"
    service_account = google_service_account.a.email
    workload_metadata_config {
      mode = "GKE_METADATA"
    }
    shielded_instance_config {
      enable_secure_boot          = true
      enable_integrity_monitoring = true
    }
    metadata = {
      disable-legacy-endpoints = "true"
    }
  }
}

resource "google_sql_database_instance" "a" {
  database_version    = "POSTGRES_15"
  deletion_protection = true
  encryption_key_name = google_kms_crypto_key.a.id
  settings {
    tier = "db-f1-micro"
    ip_configuration {
      ipv4_enabled    = false
      private_network = google_compute_network.a.id
      require_ssl     = true
      authorized_networks {
        value = "10.0.0.0/24"
      }
    }
    backup_configuration {
      enabled = true
    }
    database_flags {
      name  = "log_connections"
      value = "on"
    }
    database_flags {
      name  = "log_checkpoints"
      value = "on"
    }
  }
}

resource "google_compute_instance" "a" {
  machine_type              = "e2-medium"
  can_ip_forward            = false
  deletion_protection       = true
  allow_stopping_for_update = true
  boot_disk {
    kms_key_self_link = google_kms_crypto_key.a.id
  }
  network_interface {
    subnetwork = google_compute_subnetwork.a.id
  }
  shielded_instance_config {
    enable_secure_boot          = true
    enable_vtpm                 = true
    enable_integrity_monitoring = true
  }
  confidential_instance_config {
    enable_confidential_compute = true
  }
  metadata = {
    block-project-ssh-keys = true
    serial-port-enable     = false
    enable-oslogin         = true
  }
  service_account {
    email  = google_service_account.a.email
    scopes = ["https://www.googleapis.com/auth/logging.write"]
  }
}

resource "google_compute_disk" "a" {
  type = "pd-ssd"
  disk_encryption_key {
    kms_key_self_link = google_kms_crypto_key.a.id
  }
}

resource "google_compute_firewall" "a" {
  network       = google_compute_network.a.name
  direction     = "INGRESS"
  source_ranges = ["10.0.0.0/16"]
  target_tags   = ["web"]
  allow {
    protocol = "tcp"
    ports    = ["443"]
  }
  log_config {
    metadata = "INCLUDE_ALL_METADATA"
  }
}

resource "google_compute_firewall" "b" {
  network       = google_compute_network.a.name
  source_ranges = ["192.168.1.0/24"]
  allow {
    protocol = "tcp"
    ports    = ["22", "3389"]
  }
}

resource "google_compute_subnetwork" "a" {
  ip_cidr_range            = "10.2.0.0/16"
  private_ip_google_access = true
  log_config {
    aggregation_interval = "INTERVAL_10_MIN"
    flow_sampling        = 0.5
    metadata             = "INCLUDE_ALL_METADATA"
  }
}

resource "google_compute_network" "a" {
  auto_create_subnetworks = false
}

resource "google_project" "a" {
  project_id          = "x"
  auto_create_network = false
}

resource "google_compute_ssl_policy" "a" {
  profile         = "MODERN"
  min_tls_version = "TLS_1_2"
}

resource "google_compute_project_metadata" "a" {
  metadata = {
    enable-oslogin = true
  }
}

resource "google_storage_bucket" "a" {
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  versioning {
    enabled = true
  }
  encryption {
    default_kms_key_name = google_kms_crypto_key.a.id
  }
  logging {
    log_bucket = google_storage_bucket.logs.name
  }
}

resource "google_storage_bucket_iam_member" "a" {
  bucket = google_storage_bucket.a.name
  role   = "roles/storage.objectViewer"
  member = "user:x@y.z"
}

resource "google_storage_bucket_iam_binding" "a" {
  bucket  = google_storage_bucket.a.name
  role    = "roles/storage.objectViewer"
  members = ["user:x@y.z"]
}

resource "google_bigquery_dataset" "a" {
  default_encryption_configuration {
    kms_key_name = google_kms_crypto_key.a.id
  }
  access {
    role          = "OWNER"
    user_by_email = google_service_account.a.email
  }
}

resource "google_kms_crypto_key" "a" {
  key_ring        = google_kms_key_ring.a.id
  rotation_period = "7776000s"
}

resource "google_dns_managed_zone" "a" {
  dns_name = "x.test."
  dnssec_config {
    state = "on"
  }
}

resource "google_project_iam_binding" "a" {
  role    = "roles/logging.viewer"
  members = ["group:x@y.z"]
}

resource "google_project_iam_audit_config" "a" {
  service = "allServices"
  audit_log_config {
    log_type = "DATA_READ"
  }
}

resource "google_cloud_run_service_iam_member" "a" {
  role   = "roles/run.invoker"
  member = "serviceAccount:x@y.iam.gserviceaccount.com"
}

resource "google_notebooks_instance" "a" {
  no_public_ip    = true
  no_proxy_access = true
  disk_encryption = "CMEK"
  kms_key         = google_kms_crypto_key.a.id
  shielded_instance_config {
    enable_secure_boot = true
  }
}

resource "google_vertex_ai_dataset" "a" {
  encryption_spec {
    kms_key_name = google_kms_crypto_key.a.id
  }
}

resource "google_redis_instance" "a" {
  auth_enabled            = true
  transit_encryption_mode = "SERVER_AUTHENTICATION"
}

resource "google_pubsub_topic" "a" {
  kms_key_name = google_kms_crypto_key.a.id
}
