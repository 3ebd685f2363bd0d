"""An S3 server of moto that checks signatures. Prints its endpoint and the one key that it accepts, as JSON; ends with stdin."""

import json
import logging
import sys

import boto3
from moto import settings
from moto.server import ThreadedMotoServer

logging.getLogger("werkzeug").setLevel(logging.ERROR)
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
host, port = server.get_host_and_port()
endpoint = f"http://{host}:{port}"
setup = {"endpoint_url": endpoint, "region_name": "us-east-1", "aws_access_key_id": "x", "aws_secret_access_key": "x"}
iam = boto3.client("iam", **setup)
iam.create_user(UserName="reader")
everything = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
document = json.dumps({"Version": "2012-10-17", "Statement": [everything]})
iam.put_user_policy(UserName="reader", PolicyName="all", PolicyDocument=document)
key = iam.create_access_key(UserName="reader")["AccessKey"]
# From here on every request is authenticated.
settings.INITIAL_NO_AUTH_ACTION_COUNT = 0
answer = {"endpoint": endpoint, "accessKeyId": key["AccessKeyId"], "secretAccessKey": key["SecretAccessKey"]}
print(json.dumps(answer), flush=True)
sys.stdin.read()
server.stop()
