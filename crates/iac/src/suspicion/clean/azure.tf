# Configuration with its protections in place, to weaken one at a time. Written for bartizan.

resource "azurerm_storage_account" "a" {
  account_tier                      = "Standard"
  account_replication_type          = "GRS"
  enable_https_traffic_only         = true
  min_tls_version                   = "TLS1_2"
  allow_nested_items_to_be_public   = false
  public_network_access_enabled     = false
  shared_access_key_enabled         = false
  infrastructure_encryption_enabled = true
  network_rules {
    default_action = "Deny"
    bypass         = ["AzureServices"]
    ip_rules       = ["10.0.0.0/24"]
  }
  queue_properties {
    logging {
      delete                = true
      read                  = true
      write                 = true
      retention_policy_days = 10
    }
  }
}

resource "azurerm_storage_container" "a" {
  storage_account_name  = azurerm_storage_account.a.name
  container_access_type = "private"
}

resource "azurerm_network_security_rule" "a" {
  direction                  = "Inbound"
  access                     = "Allow"
  protocol                   = "Tcp"
  source_port_range          = "*"
  destination_port_range     = "22"
  source_address_prefix      = "10.0.0.0/16"
  destination_address_prefix = "10.0.1.0/24"
}

resource "azurerm_network_security_group" "a" {
  security_rule {
    direction                  = "Inbound"
    access                     = "Allow"
    protocol                   = "Tcp"
    destination_port_range     = "3389"
    source_address_prefix      = "10.0.0.0/16"
    destination_address_prefix = "*"
  }
}

resource "azurerm_kubernetes_cluster" "a" {
  private_cluster_enabled           = true
  role_based_access_control_enabled = true
  local_account_disabled            = true
  azure_policy_enabled              = true
  disk_encryption_set_id            = azurerm_disk_encryption_set.a.id
  api_server_authorized_ip_ranges   = ["10.0.0.0/24"]
  role_based_access_control {
    enabled = true
  }
  network_profile {
    network_plugin = "azure"
    network_policy = "calico"
  }
  oms_agent {
    log_analytics_workspace_id = azurerm_log_analytics_workspace.a.id
  }
  addon_profile {
    oms_agent {
      enabled = true
    }
    kube_dashboard {
      enabled = false
    }
  }
}

resource "azurerm_sql_server" "a" {
  version                      = "12.0"
  administrator_login          = var.login
  administrator_login_password = var.password
  extended_auditing_policy {
    storage_endpoint  = azurerm_storage_account.a.primary_blob_endpoint
    retention_in_days = 90
  }
}

resource "azurerm_mssql_server" "a" {
  administrator_login_password  = var.password
  minimum_tls_version           = "1.2"
  public_network_access_enabled = false
  azuread_administrator {
    login_username = "admins"
    object_id      = var.object
  }
}

resource "azurerm_mssql_server_security_alert_policy" "a" {
  state                = "Enabled"
  email_account_admins = true
  email_addresses      = ["x@y.z"]
  retention_days       = 90
}

resource "azurerm_sql_firewall_rule" "a" {
  start_ip_address = "10.0.17.62"
  end_ip_address   = "10.0.17.62"
}

resource "azurerm_postgresql_server" "a" {
  administrator_login_password      = var.password
  ssl_enforcement_enabled           = true
  ssl_minimal_tls_version_enforced  = "TLS1_2"
  public_network_access_enabled     = false
  geo_redundant_backup_enabled      = true
  infrastructure_encryption_enabled = true
  backup_retention_days             = 14
  threat_detection_policy {
    enabled              = true
    email_account_admins = true
  }
}

resource "azurerm_postgresql_configuration" "a" {
  name        = "log_connections"
  server_name = azurerm_postgresql_server.a.name
  value       = "on"
}

resource "azurerm_postgresql_configuration" "b" {
  name        = "connection_throttling"
  server_name = azurerm_postgresql_server.a.name
  value       = "on"
}

resource "azurerm_mysql_server" "a" {
  administrator_login_password     = var.password
  ssl_enforcement_enabled          = true
  ssl_minimal_tls_version_enforced = "TLS1_2"
  public_network_access_enabled    = false
}

resource "azurerm_mariadb_server" "a" {
  ssl_enforcement_enabled       = true
  public_network_access_enabled = false
  geo_redundant_backup_enabled  = true
}

resource "azurerm_app_service" "a" {
  https_only          = true
  client_cert_enabled = true
  auth_settings {
    enabled = true
  }
  identity {
    type = "SystemAssigned"
  }
  site_config {
    min_tls_version          = "1.2"
    ftps_state               = "FtpsOnly"
    http2_enabled            = true
    remote_debugging_enabled = false
  }
  logs {
    detailed_error_messages_enabled = true
    failed_request_tracing_enabled  = true
  }
}

resource "azurerm_function_app" "a" {
  https_only         = true
  client_cert_mode   = "Required"
  auth_settings {
    enabled = true
  }
  site_config {
    min_tls_version = "1.2"
    http2_enabled   = true
  }
}

resource "azurerm_linux_virtual_machine" "a" {
  disable_password_authentication = true
  encryption_at_host_enabled      = true
  allow_extension_operations      = false
  admin_ssh_key {
    username   = "x"
    public_key = file("key.pub")
  }
}

resource "azurerm_virtual_machine" "a" {
  os_profile_linux_config {
    disable_password_authentication = true
  }
}

resource "azurerm_managed_disk" "a" {
  storage_account_type          = "Premium_LRS"
  disk_encryption_set_id        = azurerm_disk_encryption_set.a.id
  public_network_access_enabled = false
  encryption_settings {
    enabled = true
  }
}

resource "azurerm_key_vault" "a" {
  enabled_for_disk_encryption   = true
  purge_protection_enabled      = true
  enable_rbac_authorization     = true
  soft_delete_retention_days    = 90
  public_network_access_enabled = false
  network_acls {
    default_action = "Deny"
    bypass         = "AzureServices"
  }
}

resource "azurerm_key_vault_secret" "a" {
  value           = var.secret
  content_type    = "password"
  expiration_date = "2030-12-31T00:00:00Z"
}

resource "azurerm_key_vault_key" "a" {
  key_type        = "RSA-HSM"
  key_size        = 4096
  expiration_date = "2030-12-31T00:00:00Z"
  rotation_policy {
    expire_after = "P90D"
  }
}

resource "azurerm_monitor_log_profile" "a" {
  categories = ["Action", "Delete", "Write"]
  retention_policy {
    enabled = true
    days    = 365
  }
}

resource "azurerm_network_watcher_flow_log" "a" {
  enabled = true
  retention_policy {
    enabled = true
    days    = 120
  }
}

resource "azurerm_redis_cache" "a" {
  enable_non_ssl_port           = false
  minimum_tls_version           = "1.2"
  public_network_access_enabled = false
}

resource "azurerm_cosmosdb_account" "a" {
  public_network_access_enabled     = false
  is_virtual_network_filter_enabled = true
  ip_range_filter                   = "10.0.0.0/24"
  local_authentication_disabled     = true
  key_vault_key_id                  = azurerm_key_vault_key.a.id
}

resource "azurerm_container_registry" "a" {
  admin_enabled                 = false
  anonymous_pull_enabled        = false
  public_network_access_enabled = false
  trust_policy {
    enabled = true
  }
  encryption {
    enabled          = true
    key_vault_key_id = azurerm_key_vault_key.a.id
  }
}

resource "azurerm_container_group" "a" {
  ip_address_type = "Private"
  subnet_ids      = [azurerm_subnet.a.id]
}

resource "azurerm_application_gateway" "a" {
  waf_configuration {
    enabled       = true
    firewall_mode = "Prevention"
  }
  ssl_policy {
    min_protocol_version = "TLSv1_2"
  }
}

resource "azurerm_network_interface" "a" {
  enable_ip_forwarding = false
  ip_configuration {
    subnet_id                     = azurerm_subnet.a.id
    private_ip_address_allocation = "Dynamic"
  }
}

resource "azurerm_security_center_contact" "a" {
  email               = "x@y.z"
  phone               = "+1-555-555-5555"
  alert_notifications = true
  alerts_to_admins    = true
}

resource "azurerm_security_center_subscription_pricing" "a" {
  tier = "Standard"
}

resource "azurerm_role_definition" "a" {
  permissions {
    actions     = ["Microsoft.Resources/subscriptions/resourceGroups/read"]
    not_actions = []
  }
}

resource "azurerm_data_lake_store" "a" {
  encryption_state = "Enabled"
  encryption_type  = "ServiceManaged"
}

resource "azurerm_data_factory" "a" {
  public_network_enabled = false
}

resource "azurerm_synapse_workspace" "a" {
  managed_virtual_network_enabled      = true
  data_exfiltration_protection_enabled = true
  public_network_access_enabled        = false
}

resource "azurerm_machine_learning_workspace" "a" {
  public_network_access_enabled = false
  high_business_impact          = true
  encryption {
    key_vault_id = azurerm_key_vault.a.id
    key_id       = azurerm_key_vault_key.a.id
  }
}

resource "azurerm_cognitive_account" "a" {
  local_auth_enabled            = false
  public_network_access_enabled = false
  network_acls {
    default_action = "Deny"
  }
}

resource "azurerm_eventhub_namespace" "a" {
  minimum_tls_version           = "1.2"
  local_authentication_enabled  = false
  public_network_access_enabled = false
}
