# Configuration with its protections in place, to weaken one at a time. Written for bartizan.

resource "aws_db_instance" "a" {
  engine                              = "postgres"
  instance_class                      = "db.m6g.large"
  allocated_storage                   = 100
  username                            = var.username
  password                            = var.password
  storage_encrypted                   = true
  kms_key_id                          = aws_kms_key.a.arn
  publicly_accessible                 = false
  iam_database_authentication_enabled = true
  backup_retention_period             = 30
  deletion_protection                 = true
  skip_final_snapshot                 = false
  auto_minor_version_upgrade          = true
  multi_az                            = true
  monitoring_interval                 = 60
  performance_insights_enabled        = true
  performance_insights_kms_key_id     = aws_kms_key.a.arn
  enabled_cloudwatch_logs_exports     = ["postgresql", "upgrade"]
  vpc_security_group_ids              = [aws_security_group.a.id]
}

resource "aws_rds_cluster" "a" {
  engine                              = "aurora-postgresql"
  master_username                     = var.username
  master_password                     = var.password
  storage_encrypted                   = true
  kms_key_id                          = aws_kms_key.a.arn
  iam_database_authentication_enabled = true
  backup_retention_period             = 14
  deletion_protection                 = true
  enabled_cloudwatch_logs_exports     = ["postgresql"]
}

resource "aws_s3_bucket" "a" {
  bucket = "x"
  acl    = "private"
  versioning {
    enabled    = true
    mfa_delete = true
  }
  logging {
    target_bucket = aws_s3_bucket.logs.id
    target_prefix = "log/"
  }
  server_side_encryption_configuration {
    rule {
      apply_server_side_encryption_by_default {
        sse_algorithm     = "aws:kms"
        kms_master_key_id = aws_kms_key.a.arn
      }
    }
  }
}

resource "aws_s3_bucket_public_access_block" "a" {
  bucket                  = aws_s3_bucket.a.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_versioning" "a" {
  bucket = aws_s3_bucket.a.id
  versioning_configuration {
    status     = "Enabled"
    mfa_delete = "Enabled"
  }
}

resource "aws_s3_bucket_acl" "a" {
  bucket = aws_s3_bucket.a.id
  acl    = "private"
}

resource "aws_s3_bucket_policy" "a" {
  bucket = aws_s3_bucket.a.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { AWS = "arn:aws:iam::123456789012:role/reader" }
      Action    = ["s3:GetObject"]
      Resource  = "arn:aws:s3:::x/*"
    }]
  })
}

resource "aws_ebs_volume" "a" {
  availability_zone = "eu-west-1a"
  size              = 40
  encrypted         = true
  kms_key_id        = aws_kms_key.a.arn
}

resource "aws_ebs_encryption_by_default" "a" {
  enabled = true
}

resource "aws_instance" "a" {
  ami                         = data.aws_ami.a.id
  instance_type               = "t3.small"
  associate_public_ip_address = false
  monitoring                  = true
  ebs_optimized               = true
  disable_api_termination     = true
  iam_instance_profile        = aws_iam_instance_profile.a.name
  metadata_options {
    http_endpoint = "enabled"
    http_tokens   = "required"
  }
  root_block_device {
    encrypted  = true
    kms_key_id = aws_kms_key.a.arn
  }
  ebs_block_device {
    device_name = "/dev/sdf"
    encrypted   = true
  }
}

resource "aws_launch_template" "a" {
  image_id      = data.aws_ami.a.id
  instance_type = "t3.small"
  metadata_options {
    http_tokens = "required"
  }
  monitoring {
    enabled = true
  }
  network_interfaces {
    associate_public_ip_address = false
  }
  block_device_mappings {
    ebs {
      encrypted = true
    }
  }
}

resource "aws_launch_configuration" "a" {
  image_id                    = data.aws_ami.a.id
  instance_type               = "t3.small"
  associate_public_ip_address = false
  metadata_options {
    http_tokens = "required"
  }
  root_block_device {
    encrypted = true
  }
}

resource "aws_security_group" "a" {
  description = "inside only"
  vpc_id      = aws_vpc.a.id
  ingress {
    description = "https from inside"
    from_port   = 443
    to_port     = 443
    protocol    = "tcp"
    cidr_blocks = ["10.0.0.0/16"]
  }
  egress {
    description = "to the database"
    from_port   = 5432
    to_port     = 5432
    protocol    = "tcp"
    cidr_blocks = ["10.0.1.0/24"]
  }
}

resource "aws_security_group_rule" "a" {
  type              = "ingress"
  from_port         = 22
  to_port           = 22
  protocol          = "tcp"
  cidr_blocks       = ["10.0.0.0/8"]
  security_group_id = aws_security_group.a.id
}

resource "aws_network_acl_rule" "a" {
  network_acl_id = aws_network_acl.a.id
  egress         = false
  protocol       = "tcp"
  rule_action    = "allow"
  cidr_block     = "10.0.0.0/16"
  from_port      = 3389
  to_port        = 3389
}

resource "aws_subnet" "a" {
  vpc_id                  = aws_vpc.a.id
  cidr_block              = "10.0.1.0/24"
  map_public_ip_on_launch = false
}

resource "aws_lb" "a" {
  internal                   = true
  load_balancer_type         = "application"
  drop_invalid_header_fields = true
  enable_deletion_protection = true
  access_logs {
    bucket  = aws_s3_bucket.logs.id
    enabled = true
  }
}

resource "aws_lb_listener" "a" {
  load_balancer_arn = aws_lb.a.arn
  port              = 443
  protocol          = "HTTPS"
  ssl_policy        = "ELBSecurityPolicy-TLS13-1-2-2021-06"
  certificate_arn   = aws_acm_certificate.a.arn
}

resource "aws_elb" "a" {
  internal = true
  access_logs {
    bucket  = aws_s3_bucket.logs.id
    enabled = true
  }
  listener {
    instance_port      = 8443
    instance_protocol  = "https"
    lb_port            = 443
    lb_protocol        = "https"
    ssl_certificate_id = aws_acm_certificate.a.arn
  }
}

resource "aws_cloudfront_distribution" "a" {
  enabled    = true
  web_acl_id = aws_wafv2_web_acl.a.arn
  default_cache_behavior {
    viewer_protocol_policy = "redirect-to-https"
    allowed_methods        = ["GET", "HEAD"]
  }
  logging_config {
    bucket = aws_s3_bucket.logs.bucket_domain_name
  }
  viewer_certificate {
    acm_certificate_arn      = aws_acm_certificate.a.arn
    minimum_protocol_version = "TLSv1.2_2021"
    ssl_support_method       = "sni-only"
  }
}

resource "aws_cloudtrail" "a" {
  s3_bucket_name                = aws_s3_bucket.logs.id
  is_multi_region_trail         = true
  enable_log_file_validation    = true
  include_global_service_events = true
  enable_logging                = true
  kms_key_id                    = aws_kms_key.a.arn
  cloud_watch_logs_group_arn    = "${aws_cloudwatch_log_group.a.arn}:*"
}

resource "aws_cloudwatch_log_group" "a" {
  retention_in_days = 365
  kms_key_id        = aws_kms_key.a.arn
}

resource "aws_kms_key" "a" {
  description             = "data"
  enable_key_rotation     = true
  deletion_window_in_days = 30
  policy = jsonencode({
    Statement = [{
      Effect    = "Allow"
      Principal = { AWS = "arn:aws:iam::123456789012:root" }
      Action    = ["kms:Decrypt", "kms:Encrypt"]
      Resource  = "*"
    }]
  })
}

resource "aws_sns_topic" "a" {
  kms_master_key_id = aws_kms_key.a.arn
}

resource "aws_sqs_queue" "a" {
  kms_master_key_id       = aws_kms_key.a.arn
  sqs_managed_sse_enabled = true
}

resource "aws_sqs_queue_policy" "a" {
  queue_url = aws_sqs_queue.a.id
  policy    = <<POLICY
{"Statement": [{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:root"}, "Action": "sqs:SendMessage", "Resource": "${aws_sqs_queue.a.arn}"}]}
POLICY
}

resource "aws_dynamodb_table" "a" {
  hash_key = "id"
  server_side_encryption {
    enabled     = true
    kms_key_arn = aws_kms_key.a.arn
  }
  point_in_time_recovery {
    enabled = true
  }
}

resource "aws_dax_cluster" "a" {
  node_type = "dax.r5.large"
  server_side_encryption {
    enabled = true
  }
}

resource "aws_efs_file_system" "a" {
  encrypted  = true
  kms_key_id = aws_kms_key.a.arn
}

resource "aws_elasticsearch_domain" "a" {
  elasticsearch_version = "7.10"
  encrypt_at_rest {
    enabled    = true
    kms_key_id = aws_kms_key.a.arn
  }
  node_to_node_encryption {
    enabled = true
  }
  domain_endpoint_options {
    enforce_https       = true
    tls_security_policy = "Policy-Min-TLS-1-2-2019-07"
  }
  log_publishing_options {
    log_type                 = "AUDIT_LOGS"
    enabled                  = true
    cloudwatch_log_group_arn = aws_cloudwatch_log_group.a.arn
  }
  vpc_options {
    subnet_ids = [aws_subnet.a.id]
  }
}

resource "aws_elasticache_replication_group" "a" {
  at_rest_encryption_enabled = true
  transit_encryption_enabled = true
  auth_token                 = var.token
  kms_key_id                 = aws_kms_key.a.arn
  snapshot_retention_limit   = 7
  automatic_failover_enabled = true
}

resource "aws_redshift_cluster" "a" {
  node_type            = "ra3.xlplus"
  encrypted            = true
  kms_key_id           = aws_kms_key.a.arn
  publicly_accessible  = false
  enhanced_vpc_routing = true
  master_password      = var.password
  logging {
    enable      = true
    bucket_name = aws_s3_bucket.logs.id
  }
}

resource "aws_neptune_cluster" "a" {
  engine                              = "neptune"
  storage_encrypted                   = true
  kms_key_arn                         = aws_kms_key.a.arn
  iam_database_authentication_enabled = true
  enable_cloudwatch_logs_exports      = ["audit"]
  backup_retention_period             = 14
}

resource "aws_docdb_cluster" "a" {
  storage_encrypted               = true
  kms_key_id                      = aws_kms_key.a.arn
  enabled_cloudwatch_logs_exports = ["audit", "profiler"]
  backup_retention_period         = 14
}

resource "aws_kinesis_stream" "a" {
  shard_count     = 1
  encryption_type = "KMS"
  kms_key_id      = aws_kms_key.a.arn
}

resource "aws_kinesis_firehose_delivery_stream" "a" {
  destination = "extended_s3"
  server_side_encryption {
    enabled  = true
    key_type = "CUSTOMER_MANAGED_CMK"
    key_arn  = aws_kms_key.a.arn
  }
}

resource "aws_msk_cluster" "a" {
  encryption_info {
    encryption_at_rest_kms_key_arn = aws_kms_key.a.arn
    encryption_in_transit {
      client_broker = "TLS"
      in_cluster    = true
    }
  }
  logging_info {
    broker_logs {
      cloudwatch_logs {
        enabled   = true
        log_group = aws_cloudwatch_log_group.a.name
      }
    }
  }
}

resource "aws_mq_broker" "a" {
  engine_type         = "RabbitMQ"
  publicly_accessible = false
  encryption_options {
    use_aws_owned_key = false
    kms_key_id        = aws_kms_key.a.arn
  }
  logs {
    audit   = true
    general = true
  }
}

resource "aws_eks_cluster" "a" {
  role_arn                  = aws_iam_role.a.arn
  enabled_cluster_log_types = ["api", "audit", "authenticator"]
  vpc_config {
    endpoint_public_access  = false
    endpoint_private_access = true
    public_access_cidrs     = ["10.2.0.0/16"]
  }
  encryption_config {
    resources = ["secrets"]
    provider {
      key_arn = aws_kms_key.a.arn
    }
  }
}

resource "aws_ecr_repository" "a" {
  image_tag_mutability = "IMMUTABLE"
  image_scanning_configuration {
    scan_on_push = true
  }
  encryption_configuration {
    encryption_type = "KMS"
    kms_key         = aws_kms_key.a.arn
  }
}

resource "aws_ecs_cluster" "a" {
  setting {
    name  = "containerInsights"
    value = "enabled"
  }
}

resource "aws_ecs_task_definition" "a" {
  network_mode = "awsvpc"
  volume {
    efs_volume_configuration {
      file_system_id     = aws_efs_file_system.a.id
      transit_encryption = "ENABLED"
      authorization_config {
        iam = "ENABLED"
      }
    }
  }
}

resource "aws_lambda_function" "a" {
  runtime     = "python3.12"
  kms_key_arn = aws_kms_key.a.arn
  tracing_config {
    mode = "Active"
  }
  vpc_config {
    subnet_ids = [aws_subnet.a.id]
  }
  dead_letter_config {
    target_arn = aws_sqs_queue.a.arn
  }
}

resource "aws_lambda_permission" "a" {
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.a.function_name
  principal     = "sns.amazonaws.com"
  source_arn    = aws_sns_topic.a.arn
}

resource "aws_api_gateway_method" "a" {
  rest_api_id      = aws_api_gateway_rest_api.a.id
  http_method      = "GET"
  authorization    = "AWS_IAM"
  api_key_required = true
}

resource "aws_api_gateway_stage" "a" {
  rest_api_id           = aws_api_gateway_rest_api.a.id
  xray_tracing_enabled  = true
  client_certificate_id = aws_api_gateway_client_certificate.a.id
  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.a.arn
    format          = "json"
  }
}

resource "aws_api_gateway_method_settings" "a" {
  settings {
    logging_level        = "INFO"
    metrics_enabled      = true
    cache_data_encrypted = true
  }
}

resource "aws_api_gateway_domain_name" "a" {
  security_policy = "TLS_1_2"
}

resource "aws_apigatewayv2_route" "a" {
  api_id             = aws_apigatewayv2_api.a.id
  authorization_type = "JWT"
  authorizer_id      = aws_apigatewayv2_authorizer.a.id
}

resource "aws_iam_policy" "a" {
  policy = jsonencode({
    Statement = [{
      Effect   = "Allow"
      Action   = ["ec2:DescribeInstances"]
      Resource = "arn:aws:ec2:eu-west-1:123456789012:instance/*"
    }]
  })
}

resource "aws_iam_role" "a" {
  assume_role_policy = <<EOF
{"Version": "2012-10-17", "Statement": [{"Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}, "Effect": "Allow"}]}
EOF
}

data "aws_iam_policy_document" "a" {
  statement {
    effect    = "Allow"
    actions   = ["s3:GetObject"]
    resources = [aws_s3_bucket.a.arn]
    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::123456789012:role/reader"]
    }
  }
}

resource "aws_iam_account_password_policy" "a" {
  minimum_password_length        = 16
  require_lowercase_characters   = true
  require_numbers                = true
  require_uppercase_characters   = true
  require_symbols                = true
  allow_users_to_change_password = true
  max_password_age               = 60
  password_reuse_prevention      = 24
}

resource "aws_sagemaker_notebook_instance" "a" {
  role_arn               = aws_iam_role.a.arn
  kms_key_id             = aws_kms_key.a.arn
  direct_internet_access = "Disabled"
  root_access            = "Disabled"
  subnet_id              = aws_subnet.a.id
}

resource "aws_sagemaker_endpoint_configuration" "a" {
  kms_key_arn = aws_kms_key.a.arn
}

resource "aws_sagemaker_domain" "a" {
  auth_mode               = "IAM"
  app_network_access_type = "VpcOnly"
  kms_key_id              = aws_kms_key.a.arn
}

resource "aws_workspaces_workspace" "a" {
  root_volume_encryption_enabled = true
  user_volume_encryption_enabled = true
  volume_encryption_key          = aws_kms_key.a.arn
}

resource "aws_athena_workgroup" "a" {
  configuration {
    enforce_workgroup_configuration = true
    result_configuration {
      encryption_configuration {
        encryption_option = "SSE_KMS"
        kms_key_arn       = aws_kms_key.a.arn
      }
    }
  }
}

resource "aws_codebuild_project" "a" {
  encryption_key = aws_kms_key.a.arn
  artifacts {
    type                = "S3"
    encryption_disabled = false
  }
}

resource "aws_secretsmanager_secret" "a" {
  kms_key_id              = aws_kms_key.a.arn
  recovery_window_in_days = 30
}

resource "aws_ssm_parameter" "a" {
  type   = "SecureString"
  value  = var.secret
  key_id = aws_kms_key.a.arn
}

resource "aws_config_configuration_aggregator" "a" {
  account_aggregation_source {
    account_ids = ["123456789012"]
    all_regions = true
  }
}

resource "aws_db_security_group" "a" {
  ingress {
    cidr = "10.0.0.0/24"
  }
}

resource "aws_backup_vault" "a" {
  kms_key_arn = aws_kms_key.a.arn
}

resource "aws_glue_security_configuration" "a" {
  encryption_configuration {
    cloudwatch_encryption {
      cloudwatch_encryption_mode = "SSE-KMS"
      kms_key_arn                = aws_kms_key.a.arn
    }
    s3_encryption {
      s3_encryption_mode = "SSE-KMS"
      kms_key_arn        = aws_kms_key.a.arn
    }
  }
}
